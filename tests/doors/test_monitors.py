"""The monitors: ``/status/<id>`` as the seed's page needs it, ``/tasks/<id>`` as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.apps.doors.tasks import add, announce, fail, give, misreport_numbers, stand
from tests.doors.site import Site, soon

FIELDS = {
    "id", "name", "kind", "queue", "status", "progress", "priority", "attempt", "created_at",
    "run_at", "started_at", "finished_at", "cancel_requested_at", "result", "response", "error",
    "links", "logs",
}  # fmt: skip


def status(site: Site, task_id: str) -> Any:
    return site.get_json(f"/status/{task_id}")


def monitor(site: Site, task_id: str) -> Any:
    told = site.get_json(f"/tasks/{task_id}")
    assert set(told) == FIELDS
    assert told["id"] == task_id
    further = {name: f"/tasks/{task_id}/{name}" for name in ("result", "cancel", "retry")}
    own = {"self": f"/tasks/{task_id}", "status": f"/status/{task_id}"}
    assert told["links"] == own | further
    return told


# -- /status of task functions ---


def test_a_task_that_waits_is_pending(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=60)
    pending = {"state": "PENDING", "current": 0, "total": 1, "status": "Pending..."}
    assert status(in_app, task.id) == pending
    in_app.engine.cancel(task.id)
    assert status(in_app, task.id) == {
        "state": "REVOKED", "current": 0, "total": 1, "status": "Cancelled",
    }  # fmt: skip


def test_a_task_that_runs_is_pending_until_it_speaks(in_app: Site, tmp_path: Path) -> None:
    task = stand.delay(str(tmp_path / "gate"))
    in_app.running(task)
    assert status(in_app, task.id)["state"] == "PENDING"
    (tmp_path / "gate").touch()


def test_a_task_that_speaks_is_in_progress_then_complete(in_app: Site, tmp_path: Path) -> None:
    meta = {"current": 3, "total": 12, "status": "süß <b>"}
    task = announce.delay(str(tmp_path / "gate"), "PROGRESS", meta)
    soon(lambda: True if task.state == "PROGRESS" else None)
    assert status(in_app, task.id) == {"state": "PROGRESS"} | meta
    (tmp_path / "gate").touch()
    in_app.final(task)
    assert status(in_app, task.id) == {
        "state": "SUCCESS",
        "current": 100,
        "total": 100,
        "status": "Task completed!",
        "result": 42,
    }


def test_progress_that_says_little_is_filled_up(in_app: Site, tmp_path: Path) -> None:
    task = announce.delay(str(tmp_path / "gate"), "UPLOADING", {"total": 0})
    soon(lambda: True if task.state == "UPLOADING" else None)
    filled = {"state": "UPLOADING", "current": 0, "total": 1, "status": ""}
    assert status(in_app, task.id) == filled
    (tmp_path / "gate").touch()


def test_a_failure_tells_its_message_and_no_more(in_app: Site) -> None:
    task = fail.delay("value", "no <good>")
    in_app.final(task)
    failed = {"state": "FAILURE", "current": 1, "total": 1, "status": "no <good>"}
    assert status(in_app, task.id) == failed


@pytest.mark.parametrize("value", [7, None, "text", [1], {}, {"rows": 5}, {"status": "ok"}])
def test_any_other_result_is_complete_and_shown(in_app: Site, value: Any) -> None:
    task = give.delay(value)
    in_app.final(task)
    complete = {"state": "SUCCESS", "current": 1, "total": 1, "status": "Task completed!"}
    assert status(in_app, task.id) == complete | {"result": value}


def test_a_total_is_never_zero(in_app: Site) -> None:
    task = give.delay({"current": 0, "total": 0, "status": "nothing to do"})
    in_app.final(task)
    assert status(in_app, task.id) == {
        "state": "SUCCESS", "current": 0, "total": 1, "status": "nothing to do",
    }  # fmt: skip


ODD: list[dict[str, Any]] = [
    {"current": "3", "total": "x"},
    {"current": None, "total": None},
    {"current": [1], "total": {}},
    {"current": 10**300, "total": 10**-300},
    {"current": 2**1000, "total": 1e-5},
    {"current": 1, "total": -1},
    {"current": True, "total": 2},
    {"status": ["a", "list"]},
]


@pytest.mark.parametrize("meta", ODD, ids=[str(number) for number in range(len(ODD))])
def test_odd_progress_breaks_no_monitor(in_app: Site, meta: dict[str, Any]) -> None:
    task = misreport_numbers.delay(meta)
    in_app.final(task)
    assert monitor(in_app, task.id)["progress"].items() >= meta.items()
    assert status(in_app, task.id)["state"] == "SUCCESS"


# -- /tasks ---


def test_the_json_monitor_of_a_task_that_waits(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=60, queue="later", priority=3)
    told = monitor(in_app, task.id)
    assert (told["kind"], told["name"]) == ("task", "tests.apps.doors.tasks.add")
    assert (told["status"], told["queue"], told["priority"]) == ("scheduled", "later", 3)
    assert told["attempt"] == 0
    assert told["created_at"] < told["run_at"]
    empty = ("progress", "started_at", "finished_at", "result", "response", "error")
    assert [told[name] for name in empty] == [None] * 6
    in_app.engine.cancel(task.id)
    cancelled = monitor(in_app, task.id)
    assert cancelled["status"] == "cancelled"
    assert cancelled["finished_at"].endswith("Z")


def test_the_json_monitor_of_a_task_that_runs(in_app: Site, tmp_path: Path) -> None:
    meta = {"current": 1, "total": 3, "status": "one"}
    task = announce.delay(str(tmp_path / "gate"), "PROGRESS", meta)
    soon(lambda: True if task.state == "PROGRESS" else None)
    told = monitor(in_app, task.id)
    assert (told["status"], told["attempt"]) == ("running", 1)
    assert told["progress"] == meta | {"percent": 33}
    assert told["cancel_requested_at"] is None
    in_app.engine.cancel(task.id)
    assert monitor(in_app, task.id)["cancel_requested_at"] is not None
    (tmp_path / "gate").touch()


def test_the_json_monitor_of_what_is_over(in_app: Site) -> None:
    well, badly = give.delay({"a": 1}), fail.delay("key", "lost")
    in_app.final(well)
    in_app.final(badly)
    assert monitor(in_app, well.id)["result"] == {"a": 1}
    told = monitor(in_app, badly.id)
    assert (told["status"], told["result"]) == ("failed", None)
    assert told["error"] == {"type": "KeyError", "message": "'lost'"}


def test_the_json_monitor_of_a_view_outlines_its_answer(site: Site) -> None:
    accepted = site.submit("/later/created")
    answer = site.answer(accepted)
    told = monitor(site, accepted.headers["Location"].removeprefix("/status/"))
    assert (told["kind"], told["name"], told["status"]) == ("view", "views.later", "succeeded")
    kind = "application/json"
    assert told["response"] == {"status": 201, "content_type": kind, "bytes": len(answer.data)}
    assert (told["result"], told["error"]) == (None, None)


def test_no_monitor_shows_a_traceback(site: Site) -> None:
    accepted = site.submit("/boom/plain")
    site.answer(accepted)
    told = monitor(site, accepted.headers["Location"].removeprefix("/status/"))
    assert told["error"] == {"type": "RuntimeError", "message": "the planted secret"}
    assert told["response"]["status"] == 500
    assert "Traceback" not in str(told)


def test_nobody_between_may_keep_what_a_monitor_says(in_app: Site) -> None:
    task = add.delay(1, 2)
    task.get(30)
    client = in_app.app.test_client()
    assert client.get(f"/tasks/{task.id}").headers["Cache-Control"] == "private, no-cache"
    assert client.get(f"/status/{task.id}").headers["Cache-Control"] == "no-store"
