"""The SQLite file: private to its owner, in WAL, fsynced, with its rules switched on."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from taskrow.errors import DatabaseError
from taskrow.storage.database import Database, open_database
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.liveness import show_life
from taskrow.storage.schema import ensure_schema
from taskrow.storage.submit import WORK
from tests.storage.rows import add, find
from tests.support.processes import eventually


@pytest.fixture
def usual_umask() -> Iterator[None]:
    """The umask of most systems: everybody may read."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def writer_says(database: Database, pragma: str) -> object:
    def ask(connection: Connection) -> object:
        return connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()

    return database.write(ask)


@pytest.mark.usefixtures("usual_umask")
def test_every_file_is_for_its_owner_alone(sqlite: Database, path: Path) -> None:
    add(sqlite)
    bell = open_doorbell(sqlite, WORK)
    life = show_life(sqlite, "host-1-00000000", bell)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    names = ["", "-wal", "-shm", "-entry", "-write", "-worker-host-1-00000000"]
    assert modes == {f"tasks.db{name}": 0o600 for name in names}
    life.close()
    bell.close()


def test_a_file_that_is_there_keeps_its_mode(sqlite_url: str, path: Path) -> None:
    path.touch(0o640)
    path.chmod(0o640)
    database = open_database(sqlite_url, busy_timeout=5)
    ensure_schema(database)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    database.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("wal_autocheckpoint", 0),
        ("auto_vacuum", 2),
        ("busy_timeout", 0),
    ],
)
def test_the_writer_is_set_up(sqlite: Database, pragma: str, value: object) -> None:
    assert writer_says(sqlite, pragma) == value


def test_readers_cannot_write(sqlite: Database) -> None:
    with pytest.raises(DatabaseError, match="readonly"), sqlite.read() as connection:
        connection.exec_driver_sql("DELETE FROM tasks")


def test_a_reader_holds_no_old_view_between_its_statements(sqlite: Database) -> None:
    with sqlite.read() as connection:
        before = connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one()
        add(sqlite)
        after = connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one()
    assert (before, after) == (0, 1)


def test_the_tables_are_strict(sqlite: Database) -> None:
    with pytest.raises(DBAPIError, match="cannot store TEXT value in INTEGER column"):
        sqlite.write(
            lambda c: c.exec_driver_sql(
                "INSERT INTO task_counts (day, queue, name, status, n)"
                " VALUES ('2026', 'q', 'n', 'failed', 'many')"
            ).close()
        )


def test_times_are_text_that_a_person_can_read(sqlite: Database) -> None:
    task_id = add(sqlite)
    with sqlite.read() as connection:
        rows = connection.exec_driver_sql("SELECT run_at FROM tasks WHERE id = ?", (task_id,))
        assert rows.scalar_one() == "2026-11-21T07:00:00.000Z"


def test_a_symlink_leads_to_the_one_database(sqlite: Database, path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    other = open_database(f"sqlite:///{link}", busy_timeout=5)
    task_id = add(other)
    assert find(sqlite, task_id).id == task_id
    assert not list(path.parent.glob("link.db-*")), "the gate is the same gate"
    other.close()


@pytest.mark.parametrize("name", ["with space.db", "Grüße.db", "100%.db", "a?b=c.db", "#1.db"])
def test_odd_file_names_are_file_names(tmp_path: Path, name: str) -> None:
    from urllib.parse import quote

    database = open_database(f"sqlite:///{tmp_path}/{quote(name)}", busy_timeout=5)
    ensure_schema(database)
    add(database)
    database.close()
    assert name in os.listdir(tmp_path)


def test_a_closed_database_can_be_used_again(sqlite: Database) -> None:
    task_id = add(sqlite)
    sqlite.close()
    assert find(sqlite, task_id).id == task_id
    add(sqlite)


def test_a_commit_into_a_deleted_file_is_no_promise(sqlite: Database, path: Path) -> None:
    add(sqlite)
    path.unlink()
    with pytest.raises(DatabaseError, match="deleted or replaced"):
        add(sqlite)


def test_what_is_read_is_no_file_that_was_deleted_or_replaced(
    sqlite: Database, path: Path, sqlite_url: str
) -> None:
    task_id = add(sqlite)

    def is_refused() -> bool:
        with suppress(DatabaseError):
            find(sqlite, task_id)
            return False
        return True

    assert not is_refused()
    path.rename(path.with_name("away"))
    assert eventually(is_refused), "soon, not at each read"
    path.touch()
    assert is_refused()
    path.with_name("away").replace(path)
    assert not is_refused()


def test_a_commit_beside_a_file_that_was_put_in_its_place_is_no_promise(
    sqlite: Database, path: Path
) -> None:
    add(sqlite)
    other = path.with_name("other")
    other.touch()
    other.replace(path)
    with pytest.raises(DatabaseError, match="put it back and restart"):
        add(sqlite)
