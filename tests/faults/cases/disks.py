"""Disks that are full, read-only or broken, and files that are deleted, replaced or damaged."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from taskrow.engine.clock import utc_now
from taskrow.storage.checks import check
from taskrow.storage.database import open_database
from tests.conformance.client import task_id
from tests.faults.board import case
from tests.faults.scene import Scene, Shim, Web, lines_of
from tests.support.processes import eventually

_REFUSED = (503, 507)


def _rows(scene: Scene) -> int:
    with closing(sqlite3.connect(scene.file)) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return int(file.execute("SELECT count(*) FROM tasks").fetchone()[0])


def _refused_while(scene: Scene, shim: Shim, fault: str) -> str:
    """Submit before, in and after a trouble with the disk: nothing is promised in vain."""
    web = scene.web(shim.env)
    before = web.submit()
    shim.set(fault)
    refused = [web.submit() for _ in range(3)]
    shim.clear()
    after = web.submit()
    assert (before.status, after.status) == (202, 202), (before.status, after.status, after.body)
    statuses = sorted({answer.status for answer in refused})
    assert set(statuses) <= set(_REFUSED), statuses
    assert _rows(scene) == 2
    assert scene.task(task_id(before)).status == scene.task(task_id(after)).status == "queued"
    return f"refused with {statuses} and without a row, 202 again afterwards"


@case(25, "the disk is full when a task is submitted", expected="503 or 507, no row, later 202")
def full_at_submit(scene: Scene) -> str:
    return _refused_while(scene, Shim("inject", scene), "f")


@case(26, "the disk is full when a task ends", expected="its result is kept and written later")
def full_at_the_end(scene: Scene) -> str:
    shim = Shim("inject", scene)
    worker = scene.worker("--runners", "1", env=shim.env)
    mark, gate = scene.path("mark"), scene.path("gate")
    waiting = scene.submit("note_and_wait", str(mark), str(gate))
    eventually(lambda: lines_of(mark))
    shim.set("f")
    gate.touch()
    worker.wait_for("cannot be used")
    status = scene.task(waiting).status
    assert status == "running", f"while the disk was full it was {status}"
    shim.clear()
    task = scene.final(waiting)
    ended = (task.status, task.attempt, task.result)
    assert ended == ("succeeded", 1, "1"), f"its result was not kept: it ended as {ended}"
    assert len(lines_of(mark)) == 1, f"it was begun as {lines_of(mark)}"
    return "kept while there was no room, written after; run once"


@case(27, "writes, or fsyncs, fail with EIO", expected="no 202 in vain; it recovers")
def input_output_error(scene: Scene) -> str:
    shim = Shim("inject", scene)
    web = scene.web(shim.env)
    seen = []
    for fault in ("e", "y"):
        before = _rows(scene) if scene.file.exists() else 0
        first = web.submit()
        shim.set(fault)
        refused = [web.submit().status for _ in range(3)]
        shim.clear()
        assert set(refused) <= set(_REFUSED), refused
        assert eventually(lambda: web.submit().status == 202)
        assert scene.task(task_id(first)).status == "queued"
        seen.append(f"{sorted(set(refused))}, then 202 ({_rows(scene) - before} rows)")
    return "; ".join(seen)


@case(28, "the file system is read-only", expected="503; the worker waits and ends cleanly")
def read_only(scene: Scene) -> str:
    shim = Shim("inject", scene)
    saw = _refused_while(scene, shim, "r")
    worker = scene.worker("--runners", "1", env=shim.env)
    waiting = scene.submit("add", 20, 22)
    assert scene.final(waiting).result == "42"
    shim.set("r")
    code = worker.stop()
    assert code == 0, f"exit code {code}: {worker.output()[-800:]}"
    return f"{saw}; a worker that was asked to stop meanwhile did"


def _answers_of_the_void(web: Web) -> list[int]:
    """Of clients one after the other, and of many at once, which share commits."""
    alone = [web.submit().status for _ in range(3)]
    with ThreadPoolExecutor(8) as clients:
        return alone + list(clients.map(lambda _: web.submit().status, range(48)))


@case(29, "the database is deleted under running processes", expected="no 202 into the void")
def deleted(scene: Scene) -> str:
    web = scene.web()
    kept = web.submit()
    assert kept.status == 202
    scene.file.unlink()
    statuses = _answers_of_the_void(web)
    assert set(statuses) == {503}, statuses
    return "503 at once"


@case(30, "another file is put in the database's place", expected="no 202 into the void")
def replaced(scene: Scene) -> str:
    web = scene.web()
    kept = web.submit()
    other = scene.path("other.db")
    with closing(sqlite3.connect(scene.file)) as source, closing(sqlite3.connect(other)) as copy:
        source.backup(copy)
    os.replace(other, scene.file)
    statuses = _answers_of_the_void(web)
    assert set(statuses) == {503}, f"{statuses} from the void"
    web.process.end_group()
    again = scene.web()
    assert again.status(task_id(kept)).status == 200
    return "503 until a restart, which sees the new file"


@case(31, "a byte of the log is flipped", expected="noticed, or told what it costs; nothing wrong")
def flipped_log(scene: Scene) -> str:
    submitted = _submit_fifty(scene)
    scene.engine.close()  # with nobody there the log would be folded: keep a copy as it was
    submitted += _submit_fifty(scene)
    left = [_left_of(scene, submitted, tenths) for tenths in (1, 5, 9)]
    assert 50 <= left[0] < left[1] < left[2] < 100, left
    return (
        f"SQLite drops the log from there on: of {len(submitted)} tasks {left} are left, each as "
        "it was, and `taskrow check` finds nothing wrong with them (documented: the log is short, "
        "and a disk that flips bits needs a backup)"
    )


def _submit_fifty(scene: Scene) -> list[tuple[str, str]]:
    """What should be in the rows: ids and arguments."""
    return [
        (scene.submit("add", number, 1), json.dumps({"args": [number, 1]})) for number in range(50)
    ]


def _left_of(scene: Scene, submitted: list[tuple[str, str]], tenths: int) -> int:
    """Flip a bit so far into a copy of the log; how many tasks are left, sound and unchanged."""
    image = scene.path(f"image-{tenths}.db")
    for suffix in ("", "-wal"):
        shutil.copy(f"{scene.file}{suffix}", f"{image}{suffix}")
    log = Path(f"{image}-wal")
    content = bytearray(log.read_bytes())
    content[len(content) * tenths // 10] ^= 0x10
    log.write_bytes(content)
    with closing(open_database(f"sqlite:///{image}", busy_timeout=5.0)) as database:
        broken = [finding for finding in check(database, now=utc_now()) if finding.broken]
        assert not broken, broken
        with database.read() as connection:
            rows = connection.exec_driver_sql("SELECT id, args FROM tasks ORDER BY seq").all()
    assert [tuple(row) for row in rows] == submitted[: len(rows)]
    return len(rows)
