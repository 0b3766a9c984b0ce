"""The database itself refuses impossible rows, and any change to a final one."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from taskrow.domain.ids import new_id
from taskrow.domain.task import FINAL, Status
from taskrow.storage.database import Database
from taskrow.storage.tables import task_attempts, tasks
from tests.storage.rows import LEASE, NOW, PURGE_AT, SECOND, find, in_status

PLAIN: dict[str, Any] = {
    "queue": "default",
    "name": "app.add",
    "status": "queued",
    "priority": 0,
    "run_at": NOW,
    "args": "{}",
    "created_at": NOW,
}
RUNNING = {"status": "running", "worker": "w", "attempt": 1, "lease_expires_at": LEASE}
OVER = {"finished_at": NOW, "purge_at": PURGE_AT}


def put(database: Database, **columns: Any) -> str:
    """Write a row by hand and return its id."""
    row = PLAIN | {"id": new_id(NOW)} | columns
    database.write(lambda connection: connection.execute(insert(tasks), row).rowcount)
    return str(row["id"])


def change(database: Database, task_id: str, **columns: Any) -> None:
    """Change a row by hand."""
    statement = update(tasks).where(tasks.c.id == task_id).values(**columns)
    assert database.write(lambda connection: connection.execute(statement).rowcount) == 1


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"status": "scheduled"},
        RUNNING,
        {"status": "succeeded"} | OVER,
        {"status": "failed"} | OVER,
        {"status": "cancelled"} | OVER,
    ],
)
def test_a_possible_row_is_taken(database: Database, columns: dict[str, Any]) -> None:
    put(database, **columns)


IMPOSSIBLE: dict[str, list[dict[str, Any]]] = {
    "ck_tasks_status": [{"status": "done"}, {"status": "QUEUED"}, {"status": ""}],
    "ck_tasks_finished": [
        OVER,
        {"status": "scheduled"} | OVER,
        RUNNING | OVER,
        {"status": "succeeded"},
        {"status": "failed"},
        {"status": "cancelled"},
    ],
    "ck_tasks_purge": [
        {"status": "failed", "finished_at": NOW},
        {"purge_at": PURGE_AT},
    ],
    "ck_tasks_lease": [
        {"lease_expires_at": LEASE},
        {"status": "failed", "lease_expires_at": LEASE} | OVER,
        RUNNING | {"lease_expires_at": None},
    ],
    "ck_tasks_running": [
        RUNNING | {"worker": None},
        RUNNING | {"attempt": 0},
        RUNNING | {"attempt": -1},
    ],
}


@pytest.mark.parametrize("rule", IMPOSSIBLE)
def test_an_impossible_row_is_refused_by_its_rule(database: Database, rule: str) -> None:
    for columns in IMPOSSIBLE[rule]:
        with pytest.raises(IntegrityError, match=rule):
            put(database, **columns)


@pytest.mark.parametrize(
    "column", ["queue", "name", "status", "priority", "run_at", "args", "created_at"]
)
def test_what_every_task_has_cannot_be_left_out(database: Database, column: str) -> None:
    with pytest.raises(IntegrityError, match=column):
        put(database, **{column: None})


@pytest.mark.parametrize(("column", "value"), [("priority", "high"), ("attempt", "1st")])
def test_a_value_of_another_type_is_refused(database: Database, column: str, value: str) -> None:
    statement = f"UPDATE tasks SET {column} = '{value}'"
    put(database)
    with pytest.raises(Exception, match=f"{column}|integer|bigint"):
        database.write(lambda connection: connection.exec_driver_sql(statement).rowcount)


CHANGES: list[dict[str, Any]] = [
    {"status": "succeeded"},
    {"status": "failed"},
    {"status": "cancelled"},
    {"status": "running", "lease_expires_at": LEASE, "finished_at": None, "purge_at": None},
    {"status": "scheduled", "finished_at": None, "purge_at": None},
    {"result": "1"},
    {"error": "{}"},
    {"traceback": "t"},
    {"progress": "{}"},
    {"attempt": 9},
    {"finished_at": NOW + SECOND},
    {"purge_at": PURGE_AT + SECOND},
    {"status": "queued", "attempt": 0, "finished_at": None, "purge_at": None},
    {"status": "queued", "id": new_id(NOW), "finished_at": None, "purge_at": None},
]


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_final_row_cannot_be_changed(database: Database, status: Status) -> None:
    before = in_status(database, status)
    for columns in CHANGES:
        with pytest.raises(IntegrityError, match="a finished task cannot change: retry it first"):
            change(database, before.id, **columns)
    assert find(database, before.id) == before


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_final_row_may_be_queued_again_by_hand(database: Database, status: Status) -> None:
    task = in_status(database, status)
    change(database, task.id, status="queued", finished_at=None, purge_at=None, run_at=NOW)
    assert find(database, task.id).status is Status.QUEUED


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_final_row_may_be_deleted(database: Database, status: Status) -> None:
    task = in_status(database, status)
    statement = delete(tasks).where(tasks.c.id == task.id)
    assert database.write(lambda connection: connection.execute(statement).rowcount) == 1


def test_a_unique_key_stands_once_among_live_tasks(database: Database) -> None:
    put(database, unique_key="a")
    for columns in ({}, {"status": "scheduled"}, RUNNING):
        with pytest.raises(IntegrityError, match=r"ux_tasks_unique|unique_key"):
            put(database, unique_key="a", **columns)
    put(database, unique_key="b")


def test_a_unique_key_is_free_again_when_its_task_is_over(database: Database) -> None:
    for status in ("succeeded", "failed", "cancelled", "failed"):
        put(database, unique_key="a", status=status, **OVER)
    put(database, unique_key="a")


def test_tasks_without_a_unique_key_are_many(database: Database) -> None:
    for _ in range(3):
        put(database)


@pytest.mark.parametrize("outcome", ["succeeded", "released", ""])
def test_an_attempt_is_kept_under_a_known_outcome_alone(database: Database, outcome: str) -> None:
    task = in_status(database, Status.RUNNING)
    row = {"task_seq": task.seq, "attempt": 1, "outcome": outcome, "worker": "w"}
    row |= {"started_at": NOW, "finished_at": NOW}
    with pytest.raises(IntegrityError, match="ck_task_attempts_outcome"):
        database.write(lambda connection: connection.execute(insert(task_attempts), row).rowcount)


def test_an_attempt_belongs_to_a_task(database: Database) -> None:
    row = {"task_seq": 77, "attempt": 1, "outcome": "failed", "worker": "w"}
    row |= {"started_at": NOW, "finished_at": NOW}
    with pytest.raises(DBAPIError, match=r"(?i)foreign key"):
        database.write(lambda connection: connection.execute(insert(task_attempts), row).rowcount)
