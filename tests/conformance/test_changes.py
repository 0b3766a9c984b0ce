"""Cancel over HTTP, and walk through the list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.conformance.application import add, mark, obedient
from tests.conformance.client import answer_of, ask, post, task_id, wait_until
from tests.doors.http import Answer
from tests.support.processes import eventually


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
    wait_until(base, one, progress={"status": "running", "percent": None})
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


def stand(base: str, gate: Path) -> Answer:
    """Submit a view that runs until the gate is open."""
    return post(f"{base}/stand", str(gate).encode())


def test_the_answer_of_a_cancelled_view_is_410(base: str) -> None:
    accepted = post(f"{base}/unheard")  # nobody serves its queue
    assert delete(base, task_id(accepted)).status == 200
    assert answer_of(base, accepted).status == 410


def test_a_view_that_runs_answers_though_it_was_asked_to_stop(base: str, tmp_path: Path) -> None:
    gates = [tmp_path / name for name in ("one", "two")]
    accepted = [stand(base, gate) for gate in gates]
    for gate in gates:  # a row may be claimed while its view has not begun
        eventually(gate.with_suffix(".running").exists)
    assert [delete(base, task_id(one)).status for one in accepted] == [202, 202]
    for gate, one in zip(gates, accepted, strict=True):
        gate.touch()
        answer = answer_of(base, one)
        assert (answer.status, answer.headers["X-Gate"]) == (200, gate.name)


def test_a_view_asked_to_stop_at_any_moment_ends_as_its_row_says(base: str, tmp_path: Path) -> None:
    gates = [tmp_path / str(number) for number in range(4)]
    accepted = [stand(base, gate) for gate in gates]
    asked = [delete(base, task_id(one)).status for one in accepted]
    for gate in gates:
        gate.touch()
    for one, code in zip(accepted, asked, strict=True):
        answer = answer_of(base, one).status
        ended = ask("GET", f"{base}/tasks/{task_id(one)}").json["status"]
        assert (code, ended, answer) in [
            (200, "cancelled", 410), (202, "cancelled", 410), (202, "succeeded", 200),
        ]  # fmt: skip


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
