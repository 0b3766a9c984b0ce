"""The views that people read in a shell."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taskrow.domain.payload import encode_progress, encode_result
from taskrow.domain.task import Status
from taskrow.storage import claims
from taskrow.storage.database import Database
from tests.storage.rows import NOW, WORKER, add, claimed, ending, in_status, settle

SECONDS = timedelta(seconds=3)


def view(database: Database, name: str) -> list[dict[str, Any]]:
    with database.read() as connection:
        rows = connection.exec_driver_sql(f"SELECT * FROM {name}").mappings()
        return [dict(row) for row in rows]


def say(database: Database, meta: dict[str, Any]) -> str:
    """A running task that has said this of itself."""
    claim = claimed(database)
    said = encode_progress("PROGRESS", meta)
    database.write(lambda connection: claims.write_progress(connection, [(claim, said)]))
    return claim.id


def test_what_runs_is_shown_with_its_progress(database: Database) -> None:
    task_id = say(database, {"current": 1, "total": 3, "status": "Grüße"})
    [row] = view(database, "v_running")
    seconds = (datetime.now(UTC) - NOW).total_seconds()
    assert float(row.pop("for_s")) == pytest.approx(seconds, abs=60)
    assert row == {
        "id": task_id,
        "name": "app.add",
        "attempt": 1,
        "progress": "33 %",
        "says": "Grüße",
        "worker": WORKER,
    }


@pytest.mark.parametrize(
    ("meta", "progress"),
    [
        ({}, None),
        ({"status": "only words"}, None),
        ({"current": 1}, None),
        ({"current": 2, "total": 0}, None),
        ({"current": 2, "total": None}, None),
        ({"current": 2, "total": "many"}, None),
        ({"current": "some", "total": 10}, None),
        ({"current": True, "total": True}, None),
        ({"current": [1], "total": {"n": 2}}, None),
        ({"current": 5.5, "total": 10}, "55 %"),
        ({"current": 0, "total": 10}, "0 %"),
        ({"current": 20, "total": 10}, "200 %"),
        ({"current": 1, "total": 3, "status": ["odd"]}, "33 %"),
        ({"current": 1, "total": 2, "status": "a\0b"}, "50 %"),
        ({"current": 1, "total": 2, "status": "lone \udc80"}, "50 %"),
    ],
    ids=repr,
)
def test_odd_progress_of_one_task_does_not_hide_the_others(
    database: Database, meta: dict[str, Any], progress: str | None
) -> None:
    odd, plain = say(database, meta), say(database, {"current": 1, "total": 2})
    shown = {row["id"]: row["progress"] for row in view(database, "v_running")}
    assert shown[plain] == "50 %"
    assert shown[odd] in (progress, None) if "status" in meta else shown[odd] == progress
    assert {row["id"] for row in view(database, "v_recent")} == {odd, plain}


def test_what_waits_is_counted_by_queue(database: Database) -> None:
    for status, queue in [
        (Status.RUNNING, "default"),
        (Status.SCHEDULED, "mail"),
        (Status.SUCCEEDED, "done"),
    ]:
        in_status(database, status, queue=queue)
    for _ in range(2):
        add(database, queue="mail", run_at=NOW - SECONDS, now=NOW - SECONDS)
    rows = {(row["queue"], row["status"]): row for row in view(database, "v_queue")}
    assert {key: row["tasks"] for key, row in rows.items()} == {
        ("default", "running"): 1,
        ("mail", "queued"): 2,
        ("mail", "scheduled"): 1,
    }
    older = float(rows["mail", "queued"]["oldest_s"]) - float(rows["mail", "scheduled"]["oldest_s"])
    assert older == pytest.approx(3, abs=1)


def test_what_failed_is_shown_newest_first_with_its_error(database: Database) -> None:
    for seconds, message in ((1, "old"), (2, "new: 100 %")):
        error = json.dumps({"type": "ValueError", "message": message})
        one = ending(claimed(database), Status.FAILED, error=error)
        settle(database, one, NOW + timedelta(seconds=seconds))
    in_status(database, Status.CANCELLED)
    rows = view(database, "v_failed")
    assert [row["error"] for row in rows] == ["ValueError: new: 100 %", "ValueError: old"]
    assert [row["finished"] for row in rows] == ["2026-11-21 07:00:02", "2026-11-21 07:00:01"]


def test_what_happened_lately_is_shown_newest_first(database: Database) -> None:
    ended = claimed(database)
    long = encode_result("x" * 100, limit=1000)
    settle(database, ending(ended, Status.SUCCEEDED, result=long), NOW + SECONDS)
    failed = in_status(database, Status.FAILED)
    running = say(database, {"current": 1, "total": 2, "status": "half"})
    rows = view(database, "v_recent")
    assert [row["id"] for row in rows] == [running, failed.id, ended.id]
    assert [row["status"] for row in rows] == ["running", "failed", "succeeded"]
    assert [row["outcome"] for row in rows] == ["half", "ValueError: no", long[:40]]
    assert [row["progress"] for row in rows] == ["50 %", None, None]
    assert [float(row["wait_s"]) for row in rows] == [0, 0, 0]
    assert [row["ran_s"] and float(row["ran_s"]) for row in rows] == [None, 0, 3]
    assert rows[2]["submitted"] == "2026-11-21 07:00:00"


def test_lately_means_the_last_fifty(database: Database) -> None:
    ids = [add(database) for _ in range(52)]
    assert [row["id"] for row in view(database, "v_recent")] == ids[:1:-1]


@pytest.mark.parametrize("name", ["v_running", "v_queue", "v_failed", "v_recent", "v_schedules"])
def test_an_empty_database_shows_nothing(database: Database, name: str) -> None:
    assert view(database, name) == []
