"""Query plans on SQLite: the partial indexes serve every hot statement, whatever lies beside."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event

from taskrow.domain.task import Status
from taskrow.storage import claims, finish, prepared, queries, upkeep
from taskrow.storage import purge as rows
from taskrow.storage.database import Database
from tests.storage.rows import (
    LEASE,
    NOW,
    PURGE_AT,
    WORKER,
    claimed,
    ending,
    in_status,
    put_finished,
)

Work = Callable[[Connection], Any]

STATEMENTS: dict[str, tuple[Work, set[str]]] = {
    "claim": (
        lambda c: claims.claim(c, worker="w", queue="default", limit=5, now=NOW, lease=LEASE),
        {"ix_tasks_claim"},
    ),
    "promote": (lambda c: upkeep.promote(c, now=LEASE), {"ix_tasks_due"}),
    "next due": (queries.next_due, {"ix_tasks_due"}),
    "queues waiting": (queries.queues_waiting, {"ix_tasks_claim"}),
    "is anything queued": (queries.is_anything_queued, {"ix_tasks_claim"}),
    "is anything queued in": (
        lambda c: queries.is_anything_queued(c, ["default"]),
        {"ix_tasks_claim"},
    ),
    "cancels asked": (lambda c: queries.cancels_asked(c, WORKER), {"ix_tasks_running"}),
    "running elsewhere": (
        lambda c: claims.running_elsewhere(c, worker="w"),
        {"ix_tasks_running"},
    ),
    "heartbeat": (lambda c: claims.beat(c, worker=WORKER, lease=LEASE), {"ix_tasks_running"}),
    "purge": (lambda c: rows.purge(c, now=PURGE_AT, limit=10), {"ix_tasks_finished"}),
    "recall": (
        lambda c: (upkeep.names_put_back(c), upkeep.recall_unknown(c, ["x"], now=NOW)),
        {"ix_tasks_due"},
    ),
    "cancel": (
        lambda c: upkeep.cancel(c, "x", now=NOW, purge_at=PURGE_AT),
        {"sqlite_autoindex_tasks_1"},
    ),
    "retry by hand": (
        lambda c: upkeep.retry_by_hand(c, "x", now=NOW),
        {"sqlite_autoindex_tasks_1"},
    ),
    "find": (lambda c: queries.find(c, "x"), {"sqlite_autoindex_tasks_1"}),
    "v_running": (lambda c: c.exec_driver_sql("SELECT * FROM v_running"), {"ix_tasks_running"}),
    "v_failed": (lambda c: c.exec_driver_sql("SELECT * FROM v_failed"), {"ix_tasks_failed"}),
}


@pytest.fixture(autouse=True)
def _by_way_of_sqlalchemy(monkeypatch: pytest.MonkeyPatch) -> None:
    """All statements go where its events tell of them."""
    monkeypatch.setattr(prepared, "_is_direct", lambda _: False)


@pytest.fixture(params=["fresh", "analysed"])
def filled(sqlite: Database, request: pytest.FixtureRequest) -> Database:
    """A database with two thousand finished rows and some of every live kind."""
    put_finished(sqlite, [PURGE_AT] * 2000)
    for status in Status:
        in_status(sqlite, status)
    if request.param == "analysed":
        sqlite.write(lambda c: c.exec_driver_sql("ANALYZE").close())
    return sqlite


def plans(database: Database, work: Work) -> list[str]:
    """The plan lines of all that the work executes."""
    seen: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        seen.append((statement, parameters[0] if many else parameters))

    def watch(connection: Connection) -> None:
        event.listen(connection, "before_cursor_execute", keep)
        work(connection)
        event.remove(connection, "before_cursor_execute", keep)

    database.write(watch)
    with database.read() as connection:
        return [
            row.detail
            for statement, parameters in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


def indexes(lines: list[str]) -> set[str]:
    return {found for line in lines for found in re.findall(r"INDEX (\w*tasks_\w+)", line)}


def is_bad(line: str) -> bool:
    return "TEMP B-TREE" in line or (line.startswith("SCAN tasks") and "INDEX ix_" not in line)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_hot_statement_uses_its_index_and_nothing_slower(filled: Database, name: str) -> None:
    work, expected = STATEMENTS[name]
    lines = plans(filled, work)
    assert lines
    assert not [line for line in lines if is_bad(line)], lines
    assert indexes(lines) == expected, lines


def test_an_attempt_is_ended_by_its_row_number(filled: Database) -> None:
    one = [ending(claimed(filled, queue="mine"), Status.SUCCEEDED)]
    two = ending(claimed(filled, queue="mine"), Status.FAILED)
    lines = plans(filled, lambda c: (finish.succeed(c, one, now=NOW), finish.end(c, two, now=NOW)))
    assert [line for line in lines if "tasks" in line] == [
        "SEARCH tasks USING INTEGER PRIMARY KEY (rowid=?)"
    ] * 2
