"""The write-ahead log stays small, and what goes wrong with it never undoes what was committed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url

from taskrow.errors import DatabaseError
from taskrow.storage import checkpoints, queries
from taskrow.storage.database import Database
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.submit import submit
from tests.storage import log
from tests.storage.processes import running
from tests.storage.rows import NOW, add, new_task
from tests.storage.workloads import write_on_a_small_disk, write_without_descriptors

MEGABYTE = 1024 * 1024
LOG_LIMIT = 40 * MEGABYTE


def write_megabytes(database: Database, path: Path, megabytes: int) -> int:
    """Commit so much, a quarter at a time; returns how large the log ever was."""
    largest = 0
    for _ in range(4 * megabytes):
        add(database, args="x" * (MEGABYTE // 4))
        largest = max(largest, log.size(path))
    return largest


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("PRAGMA integrity_check").fetchone() == ("ok",))


def test_the_log_stays_small_while_a_hundred_megabytes_are_written(
    sqlite: Database, path: Path
) -> None:
    largest = write_megabytes(sqlite, path, 100)
    assert 4 * MEGABYTE < largest < LOG_LIMIT
    assert path.stat().st_size > 90 * MEGABYTE
    assert is_sound(path)


def test_sqlite_makes_no_checkpoint_by_itself(sqlite: Database, path: Path) -> None:
    def ask(connection: Connection) -> int:
        return int(connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())

    assert sqlite.write(ask) == 0
    before = path.stat().st_size
    assert write_megabytes(sqlite, path, 6) > 5 * MEGABYTE
    assert path.stat().st_size == before


def test_a_reader_that_stays_keeps_its_view_and_only_for_so_long_its_log(
    sqlite: Database, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM tasks").fetchone() == (0,)
        assert write_megabytes(sqlite, path, 30) > 25 * MEGABYTE
        assert reader.execute("SELECT count(*) FROM tasks").fetchone() == (0,)
        reader.execute("COMMIT")
        assert reader.execute("SELECT count(*) FROM tasks").fetchone() == (120,)
    write_megabytes(sqlite, path, 10)
    assert log.size(path) < 10 * MEGABYTE
    assert is_sound(path)


def test_the_log_can_be_folded_at_any_time(sqlite: Database, path: Path) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    add(sqlite)
    assert log.size(path) > 0
    sqlite.truncate_log()
    assert log.size(path) == 0
    sqlite.truncate_log()
    add(sqlite)
    with sqlite.read() as connection:
        assert len(queries.list_tasks(connection)) == 2


def test_a_log_that_a_reader_holds_is_folded_another_time(sqlite: Database, path: Path) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM tasks").fetchone()
        add(sqlite)
        sqlite.truncate_log()
        assert log.size(path) > 0
        reader.execute("COMMIT")
        sqlite.truncate_log()
        assert log.size(path) == 0


def test_a_checkpoint_that_fails_does_not_take_back_what_is_committed(
    sqlite: Database, sqlite_url: str, path: Path
) -> None:
    with running(write_on_a_small_disk, sqlite_url, 12 * MEGABYTE) as child:
        stored, error = child.hear()
    with sqlite.read() as connection:
        rows = connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one()
    assert (rows, error) == (stored, "DatabaseError")
    assert stored * MEGABYTE // 4 > 12 * MEGABYTE, "the log went on where the file could not"
    assert is_sound(path)


@pytest.mark.parametrize("error", [OSError(24, "too many"), sqlite3.OperationalError("disk")])
def test_upkeep_that_fails_is_no_error_of_who_has_committed(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(checkpoints.Checkpoints, "after_commit", fail)
    for _ in range(2):
        add(sqlite)
    monkeypatch.undo()
    add(sqlite)
    with sqlite.read() as connection:
        assert len(queries.list_tasks(connection)) == 3


@pytest.mark.usefixtures("sqlite")
def test_where_no_file_can_be_opened_any_more_a_commit_is_no_error(sqlite_url: str) -> None:
    with running(write_without_descriptors, sqlite_url) as child:
        assert child.hear() == "stored"


def test_a_log_that_cannot_be_folded_is_told_of_once(
    sqlite: Database, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(checkpoints, "_LONG_BYTES", 10 * MEGABYTE)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        for _ in range(2):
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM tasks").fetchone()
            write_megabytes(sqlite, path, 16)
            reader.execute("COMMIT")
            write_megabytes(sqlite, path, 10)
    told = [record.getMessage() for record in caplog.records if record.name == "taskrow.database"]
    assert len(told) == 2
    assert all("somebody reads tasks.db without an end" in sentence for sentence in told)


def test_who_keeps_the_log_folds_it_before_others_have_to(
    sqlite: Database, sqlite_url: str, path: Path
) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    keeper = SqliteDatabase(make_url(sqlite_url), busy_timeout=5)
    keeper.keep_log()
    write_megabytes(sqlite, path, 5)
    before = log.commits(path)
    keeper.scrub()
    size = log.size(path)
    add(sqlite)
    assert log.commits(path) == 1 < before
    assert log.size(path) == size, "it is written over"
    keeper.scrub()
    add(sqlite)
    assert log.commits(path) == 2, "and only when it has grown again"
    keeper.close()


def test_who_keeps_the_log_folds_it_in_a_turn_of_its_own_and_waits_for_it_only_so_long(
    sqlite: Database, path: Path
) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    sqlite.keep_log()
    write_megabytes(sqlite, path, 5)
    assert log.commits(path) >= 20, "nobody waits for a write and a checkpoint in one"
    sqlite.scrub()
    add(sqlite)
    assert log.commits(path) == 1
    largest = write_megabytes(sqlite, path, 20)
    assert largest < 8 * MEGABYTE, "and where there is no such turn, one of them does"


def test_after_an_error_of_the_disk_the_next_write_is_a_fresh_start(sqlite: Database) -> None:
    def fill(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1").close()
        submit(connection, new_task(args="x" * MEGABYTE), now=NOW)

    with pytest.raises(DatabaseError, match="full"):
        sqlite.write(fill)
    add(sqlite)
