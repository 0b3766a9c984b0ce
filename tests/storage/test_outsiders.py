"""Writers that do not know of the gate: an admin's shell, the user's own session."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from taskrow.domain.task import Status
from taskrow.errors import DatabaseBusyError
from taskrow.storage.database import Database, open_database
from taskrow.storage.tables import tasks
from tests.storage.rows import add, find, in_status

HELD = 0.3


@contextmanager
def outsider(path: Path) -> Iterator[sqlite3.Connection]:
    """A plain connection that waits for nobody."""
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        yield connection


@contextmanager
def held_for(path: Path, seconds: float) -> Iterator[None]:
    """Somebody else holds SQLite's write lock for a while."""
    holding, over = threading.Event(), threading.Event()

    def hold() -> None:
        with outsider(path) as connection:
            connection.execute("BEGIN IMMEDIATE")
            holding.set()
            over.wait(seconds)
            connection.execute("ROLLBACK")

    thread = threading.Thread(target=hold)
    thread.start()
    assert holding.wait(30)
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_a_short_write_from_outside_is_waited_for(sqlite: Database, path: Path) -> None:
    with held_for(path, HELD):
        began = time.monotonic()
        task_id = add(sqlite)
        assert HELD * 0.8 < time.monotonic() - began < 10
    assert find(sqlite, task_id).status is Status.QUEUED


def test_a_long_write_from_outside_is_an_error_in_time(
    sqlite: Database, sqlite_url: str, path: Path
) -> None:
    database = open_database(sqlite_url, busy_timeout=0.2)
    with held_for(path, 30):
        began = time.monotonic()
        with pytest.raises(DatabaseBusyError, match="locked"):
            add(database)
        assert 0.2 <= time.monotonic() - began < 10
    add(database)
    database.close()


def test_a_write_holds_the_lock_from_its_start(sqlite: Database, path: Path) -> None:
    codes = []

    def read_then_write(connection: Connection) -> int:
        connection.execute(select(tasks)).all()
        with outsider(path) as other, pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("BEGIN IMMEDIATE")
        codes.append(caught.value.sqlite_errorname)
        return connection.execute(tasks.update().values(name="app.read")).rowcount

    task = in_status(sqlite, Status.QUEUED)
    assert sqlite.write(read_then_write) == 1
    assert codes == ["SQLITE_BUSY"], "the other one is told to wait; the snapshot is never stale"
    assert find(sqlite, task.id).name == "app.read"


def test_a_reader_from_outside_hinders_nobody(sqlite: Database, path: Path) -> None:
    with outsider(path) as reader:
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM tasks").fetchone()
        add(sqlite)
        assert reader.execute("SELECT count(*) FROM tasks").fetchone() == before


def test_hand_edits_from_outside_are_seen_at_once(sqlite: Database, path: Path) -> None:
    task_id = add(sqlite)
    with outsider(path) as admin:
        admin.execute("UPDATE tasks SET priority = 9 WHERE id = ?", [task_id])
    assert find(sqlite, task_id).priority == 9


def test_the_rules_hold_for_outsiders_too(sqlite: Database, path: Path) -> None:
    task = in_status(sqlite, Status.SUCCEEDED)
    add(sqlite)
    with outsider(path) as admin:
        with pytest.raises(sqlite3.IntegrityError, match="a finished task cannot change"):
            admin.execute("UPDATE tasks SET status = 'failed' WHERE id = ?", [task.id])
        with pytest.raises(sqlite3.IntegrityError, match="ck_tasks_status"):
            admin.execute("UPDATE tasks SET status = 'odd' WHERE status = 'queued'")
