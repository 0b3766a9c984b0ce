"""0009 makes the table of tasks anew on SQLite: with all that hangs on it, whoever put it there."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from taskrow.domain.task import Status
from taskrow.errors import SchemaError
from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import upgrade
from tests.storage.rows import add, claimed, ending, find, settle
from tests.storage.test_schema import run
from tests.support.revisions import migrate

OF_THE_USER = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, task_id TEXT REFERENCES Tasks (id))",
    "CREATE TABLE lines (of INTEGER REFERENCES orders (id) ON DELETE CASCADE)",
    "ALTER TABLE tasks ADD COLUMN kind TEXT AS (name || queue)",
    "CREATE VIEW waiting AS SELECT count(*) AS n FROM tasks WHERE status = 'queued'",
    "CREATE INDEX by_name ON tasks (name)",
    "CREATE TABLE seen (task_id TEXT)",
    "CREATE TRIGGER see AFTER INSERT ON tasks BEGIN INSERT INTO seen VALUES (new.id); END",
)
TABLES = (
    "tasks",
    "task_attempts",
    "task_requests",
    "task_logs",
    "task_credentials",
    "orders",
    "lines",
)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Database]:
    """A database of revision 0008."""
    database = open_database(f"sqlite:///{tmp_path / 'tasks.db'}", busy_timeout=5)
    database.migrate(partial(migrate, revision="0008"))
    yield database
    database.close()


@pytest.fixture
def old(empty: Database) -> Database:
    """With rows in each of its tables, and with what users put into a file."""
    run(empty, *OF_THE_USER)
    settle(empty, ending(claimed(empty), Status.FAILED, outcome="failed", logs="it failed"))
    seq = "(SELECT max(seq) FROM tasks)"
    run(
        empty,
        f"INSERT INTO task_requests (task_seq, request, body) VALUES ({seq}, '[]', x'')",
        f"INSERT INTO task_credentials VALUES ({seq}, x'00')",
        "INSERT INTO orders VALUES (7, (SELECT id FROM tasks))",
        "INSERT INTO lines VALUES (7)",
    )
    return empty


def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_no_row_and_nothing_of_the_users_is_lost(old: Database) -> None:
    def contents() -> list[list[tuple[Any, ...]]]:
        return [rows(old, f"SELECT * FROM {table}") for table in TABLES]

    def parts() -> list[tuple[Any, ...]]:
        return rows(old, "SELECT name, sql FROM sqlite_master WHERE type <> 'table' ORDER BY name")

    before, parts_before = contents(), parts()
    assert all(before)
    old.migrate(partial(migrate, revision="0009"))
    assert (contents(), parts()) == (before, parts_before)
    assert rows(old, "PRAGMA foreign_key_check") == []
    waiting = add(old)
    assert rows(old, "SELECT * FROM waiting") == [(1,)]
    assert rows(old, "SELECT task_id FROM seen")[-1] == (waiting,)


def test_from_then_on_a_number_is_used_once(old: Database) -> None:
    upgrade(old)
    (last,) = rows(old, "SELECT max(seq) FROM tasks")
    run(old, "DELETE FROM orders", "DELETE FROM tasks")
    assert rows(old, "SELECT 1 FROM task_attempts") == []  # they still go with their task
    assert find(old, add(old)).seq == last[0] + 1


def test_a_table_that_somebody_has_altered_is_left_as_it_is(empty: Database) -> None:
    run(empty, "DROP TABLE tasks", "CREATE TABLE tasks (seq INTEGER PRIMARY KEY, id TEXT)")
    with pytest.raises(SchemaError, match="not as taskrow made it"):
        upgrade(empty)
    assert rows(empty, "SELECT name FROM pragma_table_info('tasks')") == [("seq",), ("id",)]
