"""The doorbell: who waits learns at once that another process committed."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from taskrow.domain.task import Status
from taskrow.storage.database import Database
from taskrow.storage.doorbell import (
    ChannelBell,
    Doorbell,
    Heard,
    LogBell,
    VersionBell,
    open_doorbell,
)
from taskrow.storage.gate import Gate
from taskrow.storage.schema import ensure_schema
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.submit import DONE, WORK
from tests.storage.processes import running
from tests.storage.rows import add, cancel, in_status, retry
from tests.storage.workloads import submit_when_told
from tests.support.processes import eventually

AT_ONCE = 5.0  # seconds; of waiting for the bell alone, on a machine that may be busy


@contextmanager
def listening(database: Database, channel: str = WORK) -> Iterator[Doorbell]:
    """A bell that has been quiet until now."""
    ensure_schema(database)
    bell = open_doorbell(database, channel)
    bell.rang()
    yield bell
    bell.close()


def hears(bell: Doorbell, seconds: float = 30.0) -> bool:
    """Wait for the bell; whether it rang."""
    if bell.fileno is None:
        return bool(eventually(bell.rang, seconds))
    return bool(select.select([bell.fileno], [], [], seconds)[0] and bell.rang())


def test_a_commit_of_another_process_rings(database: Database, database_url: str) -> None:
    with listening(database) as bell, running(submit_when_told, database_url) as child:
        assert child.hear() == "open"
        bell.rang()
        began = time.monotonic()
        child.tell()
        assert hears(bell)
        assert time.monotonic() - began < AT_ONCE
        child.hear()
        eventually(lambda: not bell.rang())
        assert not hears(bell, 0.05), "and then it is quiet again"


def test_every_commit_rings_anew(database: Database) -> None:
    with listening(database) as bell:
        for _ in range(3):
            add(database)
            assert hears(bell)
            eventually(lambda: not bell.rang())


def test_a_read_does_not_ring(database: Database) -> None:
    add(database)
    with listening(database) as bell:
        with database.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM tasks").close()
        assert not hears(bell, 0.05)


def test_a_write_that_is_undone_may_not_ring_on_postgresql(postgresql: Database) -> None:
    def fail(_: object) -> None:
        raise ValueError("no")

    with listening(postgresql) as bell:
        with pytest.raises(ValueError, match="no"):
            postgresql.write(fail)
        assert not hears(bell, 0.05)


@pytest.mark.parametrize("channel", [WORK, DONE])
def test_what_is_written_by_hand_rings(database: Database, database_url: str, channel: str) -> None:
    """Not through taskrow, in a transaction of its own, after one that came to nothing."""
    task_id = add(database)
    by_hand = create_engine(database_url)
    edit = text("UPDATE tasks SET priority = 9 WHERE id = :id")
    with listening(database, channel) as bell:
        with by_hand.connect() as connection:
            connection.execute(edit, {"id": task_id})
            connection.rollback()
            eventually(lambda: not bell.rang())
            connection.execute(edit, {"id": task_id})
            connection.commit()
        assert hears(bell)
    by_hand.dispose()


def test_what_taskrow_writes_rings_once(postgresql: Database) -> None:
    """For whom it concerns, not for everybody as what is written by hand."""
    with listening(postgresql, DONE) as bell:
        add(postgresql)
        assert not hears(bell, 0.05)


@pytest.mark.parametrize(
    ("status", "channel"), [(Status.QUEUED, DONE), (Status.SCHEDULED, DONE), (Status.RUNNING, WORK)]
)
def test_a_cancel_rings_for_those_whom_it_concerns(
    database: Database, status: Status, channel: str
) -> None:
    task = in_status(database, status)
    with listening(database, channel) as bell:
        cancel(database, task.id)
        assert hears(bell)


def test_a_retry_by_hand_rings_for_the_workers(database: Database) -> None:
    task = in_status(database, Status.FAILED)
    with listening(database) as bell:
        retry(database, task.id)
        assert hears(bell)


def test_the_bell_rings_after_the_log_was_folded(sqlite: Database) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    with listening(sqlite) as bell:
        add(sqlite)
        sqlite.truncate_log()
        eventually(lambda: not bell.rang())
        add(sqlite)
        assert hears(bell)


def test_the_bell_rings_after_everybody_else_has_gone(sqlite: Database, sqlite_url: str) -> None:
    with listening(sqlite) as bell:
        for _ in range(2):
            with running(submit_when_told, sqlite_url) as child:
                child.hear()
                child.tell()
                child.hear()
            assert hears(bell)
            eventually(lambda: not bell.rang())


def test_the_bell_rings_after_its_process_has_forked(sqlite: Database, sqlite_url: str) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    with listening(sqlite) as bell:
        sqlite.rest()
        with sqlite.read() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM tasks").close()
        hears(bell, 0.01)
        with running(submit_when_told, sqlite_url) as child:
            child.hear()
            eventually(lambda: not bell.rang())
            child.tell()
            assert hears(bell)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_who_leaves_the_gate_tells_of_a_commit_and_others_of_a_write(
    sqlite: Database, sqlite_url: str
) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    by_hand = create_engine(sqlite_url)
    bell = open_doorbell(sqlite, WORK, of_others=True)
    bell.rang()
    add(sqlite)
    assert bell.rang() is Heard.NOTHING, "it is told to leave those of its process unheard"
    with running(submit_when_told, sqlite_url) as child:
        child.hear()
        bell.rang()
        child.tell()
        child.hear()
        assert bell.rang() is Heard.COMMIT
    with by_hand.begin() as connection:
        connection.execute(text("UPDATE tasks SET priority = 9"))
    assert bell.rang() is Heard.WRITE
    bell.close()
    by_hand.dispose()


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_a_gate_that_is_deleted_is_heard_when_it_is_there_again(
    sqlite: Database, path: Path
) -> None:
    with listening(sqlite) as bell:
        for name in ("entry", "write"):
            path.with_name(f"tasks.db-{name}").unlink()
        eventually(lambda: not bell.rang())
        with closing(Gate(path)) as gate, gate.turn(time.monotonic() + 1):
            pass
        assert hears(bell)


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_on_linux_the_bell_of_sqlite_is_a_file_to_wait_on(sqlite: Database) -> None:
    with listening(sqlite) as bell:
        assert isinstance(bell, LogBell)
        assert bell.fileno is not None
        assert bell.interval is None


def test_where_there_is_no_inotify_the_version_is_asked(sqlite: Database, sqlite_url: str) -> None:
    assert isinstance(sqlite, SqliteDatabase)
    bell = VersionBell(sqlite)
    assert bell.fileno is None
    assert bell.interval is not None
    assert not bell.rang()
    with running(submit_when_told, sqlite_url) as child:
        child.hear()
        bell.rang()
        child.tell()
        child.hear()
        assert bell.rang()
        assert not bell.rang()
    add(sqlite)
    assert bell.rang(), "a commit of its own process rings too"
    bell.close()


def test_the_listener_comes_back_when_its_connection_is_cut(postgresql: Database) -> None:
    with listening(postgresql) as bell:
        assert isinstance(bell, ChannelBell)
        for _ in range(2):
            cut = bell.connection.info.backend_pid
            with postgresql.read() as connection:
                connection.exec_driver_sql(f"SELECT pg_terminate_backend({cut})").close()
            assert eventually(bell.rang), "who heard nothing meanwhile must look"
            assert bell.connection.info.backend_pid != cut
            assert not bell.rang()
            add(postgresql)
            assert hears(bell)


def test_a_closed_bell_lets_go_of_its_file(database: Database) -> None:
    bell = open_doorbell(database, WORK)
    bell.close()
    assert bell.fileno is None
