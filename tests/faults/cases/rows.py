"""Bits that a disk has flipped in what a task is run with."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.conformance.client import ask, post, task_id
from tests.faults.board import case
from tests.faults.scene import APP, Scene

_HIGH, _LOW = 0x80, 0x01
_BODY, _HEADER = b"the body of the view", b"of the view's head"


def _flip(file: Path, text: bytes, bit: int) -> None:
    """Flip a bit of the last byte of a text that is in the file once."""
    content = file.read_bytes()
    assert content.count(text) == 1, (text, content.count(text))
    place = content.index(text) + len(text) - 1
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(bytes([content[place] ^ bit]))


def _submit_view(base: str, body: bytes, planted: bytes) -> str:
    return task_id(post(f"{base}/view", body, X_Planted=planted.decode()))


@case(32, "bits flip in the arguments and requests of tasks", expected="failed, and never run")
def flipped_payloads(scene: Scene) -> str:
    web = scene.web()
    numbers = scene.submit("add", 700, 1_234_560, retries=3)
    no_text = scene.submit("add", 700, 1_234_570, retries=3)
    body = _submit_view(web.base, _BODY, b"nothing")
    head = _submit_view(web.base, b"nothing", _HEADER)
    well = scene.submit("add", 20, 22)
    damaged = [numbers, no_text, body, head]
    web.process.stop()
    scene.engine.close()  # the last to close it folds the log in
    _flip(scene.file, b"1234560", _LOW)  # to 1234561, which would be run
    _flip(scene.file, b"1234570", _HIGH)  # to what is no text any more
    _flip(scene.file, _BODY, _LOW)
    _flip(scene.file, _HEADER, _LOW)
    with closing(sqlite3.connect(scene.file)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    found = _found_by_check(scene)
    assert found == set(damaged), f"`taskrow check` finds {len(found)} of {len(damaged)} damaged"
    scene.worker("--runners", "1")
    result = scene.final(well).result
    assert result == "42", f"what is not damaged ended with {result}"
    ended = [scene.final(one) for one in damaged]
    statuses = sorted({(str(one.status), one.attempt) for one in ended})
    assert statuses == [("failed", 1)], f"what is damaged ended as {statuses}"
    errors = {scene.error(one) for one in damaged}
    assert errors == {"DamagedTaskError"}, f"they failed with {errors}"
    web = scene.web()
    assert ask("GET", f"{web.base}/status/{body}").status == 500
    assert web.status(no_text).status == 200
    return (
        f"SQLite finds the file sound, `taskrow check` names all {len(damaged)} tasks; "
        f"each failed unrun, the others ran: {ended[0].error}"
    )


def _found_by_check(scene: Scene) -> set[str]:
    check = scene.start.start("taskrow", "--app", f"{APP}:app", "check", "--json", log="check")
    assert check.process.wait(30) == 1, check.output()
    said = check.output()
    found = {one["name"]: one["examples"] for one in json.loads(said[said.index("[") :])}
    return {*found["arguments"], *found["requests"]}
