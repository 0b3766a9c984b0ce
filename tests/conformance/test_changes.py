"""Cancel over HTTP, and walk through the list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.conformance.application import add, mark, obedient
from tests.conformance.client import answer_of, ask, post, task_id, wait_until
from tests.doors.http import Answer


def submit(base: str, name: str, *args: Any) -> str:
    """Submit a task function by its name; its id."""
    body = json.dumps({"name": name, "args": args}).encode()
    accepted = post(f"{base}/tasks", body, Content_Type="application/json")
    assert accepted.status == 202, accepted.text
    return task_id(accepted)


def delete(base: str, one: str) -> Answer:
    return ask("DELETE", f"{base}/tasks/{one}")


def test_what_waits_is_cancelled_and_never_runs(base: str, tmp_path: Path) -> None:
    one = submit(base, mark.name, str(tmp_path / "mark"))
    for _ in range(2):
        cancelled = delete(base, one)
        assert (cancelled.status, cancelled.json["status"]) == (200, "cancelled")
    told = ask("GET", f"{base}/tasks/{one}").json
    assert (told["status"], told["attempt"], told["started_at"]) == ("cancelled", 0, None)
    assert not (tmp_path / "mark").exists()


def test_what_runs_is_asked_and_then_cancelled(base: str) -> None:
    one = submit(base, obedient.name)
    wait_until(base, one, status="running")
    asked = delete(base, one)
    assert (asked.status, asked.headers["Location"]) == (202, f"/tasks/{one}")
    told = ask("GET", f"{base}/tasks/{one}", headers={"Prefer": "wait=20"}).json
    assert (told["status"], told["attempt"]) == ("cancelled", 1)


def test_what_is_done_cannot_be_cancelled(base: str) -> None:
    one = submit(base, add.name, 1, 2)
    wait_until(base, one, status="succeeded", result=3)
    refused = delete(base, one)
    assert (refused.status, refused.json["type"]) == (409, "urn:taskrow:problem:too-late")
    assert ask("GET", f"{base}/tasks/{one}").json["status"] == "succeeded"


def test_the_answer_of_a_cancelled_view_is_410(base: str, tmp_path: Path) -> None:
    gates = [tmp_path / name for name in ("one", "two", "three")]
    accepted = [post(f"{base}/stand", str(gate).encode()) for gate in gates]
    states = [delete(base, task_id(one)).status for one in accepted]
    for gate in gates:
        gate.touch()
    for one, state in zip(accepted, states, strict=True):
        assert answer_of(base, one).status == (410 if state == 200 else 200)


def test_a_walk_sees_each_row_once_while_rows_are_written(base: str, tmp_path: Path) -> None:
    before = {submit(base, mark.name, str(tmp_path / str(n))) for n in range(25)}
    seen, cursor = list[str](), None
    while True:
        query = {"queue": "nobody", "status": "queued", "limit": 10}
        page = ask(
            "GET", f"{base}/tasks?{urlencode(query | ({'after': cursor} if cursor else {}))}"
        )
        seen += [item["id"] for item in page.json["items"]]
        if (cursor := page.json["next"]) is None:
            break
        for _ in range(3):
            submit(base, mark.name, str(tmp_path / "late"))
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
