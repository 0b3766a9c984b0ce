"""The fair gate: processes that write to one SQLite file take turns, and nobody waits for ever."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection

from taskrow.errors import DatabaseBusyError
from taskrow.storage import queries
from taskrow.storage.database import Database, open_database
from taskrow.storage.gate import FileLock, Gate
from tests.storage.processes import running
from tests.storage.rows import add, find
from tests.storage.workloads import (
    hold_write,
    write_slowly,
    write_slowly_until_told,
    write_until_told,
)
from tests.support.processes import eventually


@contextmanager
def impatient(url: str, seconds: float = 0.3) -> Iterator[Database]:
    """The same database for somebody who waits no longer than this."""
    database = open_database(url, busy_timeout=seconds)
    yield database
    database.close()


def names(database: Database) -> list[str]:
    with database.read() as connection:
        return [task.name for task in queries.list_tasks(connection)]


def test_a_stopped_process_costs_an_error_and_not_a_hang(sqlite: Database, sqlite_url: str) -> None:
    with running(hold_write, sqlite_url) as child, impatient(sqlite_url) as database:
        assert child.hear() == "holding"
        child.send(signal.SIGSTOP)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(DatabaseBusyError, match="busy for too long: try again"):
                add(database)
            assert 0.3 <= time.monotonic() - began < 10
        assert names(database) == [], "but everybody can still read"
        child.send(signal.SIGCONT)
        child.tell()
        child.hear()
        add(database)
        assert sorted(names(database)) == ["app.add", "app.held"]


def test_many_threads_behind_a_stopped_process_all_get_their_error(
    sqlite: Database, sqlite_url: str
) -> None:
    told: list[Exception] = []

    def write() -> None:
        with pytest.raises(DatabaseBusyError) as caught:
            add(database)
        told.append(caught.value)

    with running(hold_write, sqlite_url) as child, impatient(sqlite_url) as database:
        assert child.hear() == "holding"
        threads = [threading.Thread(target=write) for _ in range(8)]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(told) == 8
        assert time.monotonic() - began < 10


def test_a_killed_process_leaves_the_gate_open_and_no_row(
    sqlite: Database, sqlite_url: str
) -> None:
    with running(hold_write, sqlite_url) as child, impatient(sqlite_url, 5) as database:
        assert child.hear() == "holding"
        child.kill()
        began = time.monotonic()
        task_id = add(database)
        assert time.monotonic() - began < 4, "before its own patience ends"
        assert find(database, task_id).name == "app.add"
        assert names(database) == ["app.add"]


def test_two_processes_that_write_without_a_pause_both_get_on(
    sqlite: Database, sqlite_url: str
) -> None:
    longest = 0.0
    with (
        running(write_until_told, sqlite_url) as one,
        running(write_until_told, sqlite_url) as two,
        impatient(sqlite_url, 30) as third,
    ):
        assert one.hear() == two.hear() == "writing"
        end = time.monotonic() + 1
        while (began := time.monotonic()) < end:
            add(third)
            longest = max(longest, time.monotonic() - began)
        one.tell()
        two.tell()
        written = [one.hear(), two.hear()]
    assert max(written) < 5 * min(written)
    assert longest < 10, "and a third that comes now and then is not kept waiting"


def test_four_processes_that_write_without_a_pause_have_equal_shares(
    sqlite: Database, sqlite_url: str
) -> None:
    with ExitStack() as stack:
        children = [stack.enter_context(running(write_until_told, sqlite_url)) for _ in range(4)]
        assert {child.hear() for child in children} == {"writing"}
        eventually(lambda: len(names(sqlite)) == 50)  # the newest of them are listed
        for _ in range(150):  # a fifth one comes to its turn as often as it likes
            add(sqlite)  # so often that it does not matter who of them began a little before others
        for child in children:
            child.tell()
        written = [child.hear() for child in children]
    assert max(written) < 2 * min(written)


def test_who_has_just_written_lets_the_next_one_pass(sqlite: Database, sqlite_url: str) -> None:
    with running(write_slowly_until_told, sqlite_url) as child:
        assert child.hear() == "writing"
        for _ in range(60):
            write_slowly(sqlite, "app.mine")
        child.tell()
        child.hear()
    with sqlite.read() as connection:
        wrote = connection.exec_driver_sql("SELECT name FROM tasks ORDER BY seq").scalars().all()
    mine = [number for number, name in enumerate(wrote) if name == "app.mine"]
    in_turn = [one for one, following in pairwise(mine) if following - one == 2]
    assert len(in_turn) > len(mine) / 2, len(in_turn)


def test_a_wait_that_was_given_up_keeps_its_place(sqlite_url: str, path: Path) -> None:
    gate, other = Gate(path), Gate(path)
    with gate.turn(time.monotonic() + 1):
        for _ in range(2):
            with pytest.raises(DatabaseBusyError):
                other.enter(time.monotonic() + 0.02)
    eventually(lambda: _is_free(path))  # what came too late was given back
    with other.turn(time.monotonic() + 1):
        assert not _is_free(path)
    gate.close()
    other.close()


def test_a_gate_may_be_closed_while_it_stands_in_line(sqlite_url: str, path: Path) -> None:
    gate, other = Gate(path), Gate(path)
    with gate.turn(time.monotonic() + 1):
        with pytest.raises(DatabaseBusyError):
            other.enter(time.monotonic() + 0.02)
        other.close()
    eventually(lambda: _is_free(path))
    gate.close()


def test_where_threads_are_not_real_it_is_tried_again_and_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with gevent, which puts a sleep of its own in the place of Python's."""
    monkeypatch.setattr(time, "sleep", partial(time.sleep))
    before = threading.active_count()
    gate, other = Gate(path), Gate(path)
    with gate.turn(time.monotonic() + 1), pytest.raises(DatabaseBusyError):
        other.enter(time.monotonic() + 0.02)
    with other.turn(time.monotonic() + 1):
        pass
    assert threading.active_count() == before
    gate.close()
    other.close()


def _is_free(path: Path) -> bool:
    """Whether nobody writes or waits to."""
    locks = [FileLock(path.with_name(f"{path.name}-{name}")) for name in ("entry", "write")]
    free = all(lock.try_lock() for lock in locks)
    for lock in locks:
        lock.close()
    return free


def test_the_entry_is_free_while_somebody_writes(path: Path) -> None:
    gate, entry = Gate(path), FileLock(path.with_name("tasks.db-entry"))
    with gate.turn(time.monotonic() + 1):
        assert entry.try_lock()
        entry.unlock()
    gate.close()
    entry.close()


def test_who_finds_the_entry_taken_waits_no_longer_than_it_may(path: Path) -> None:
    gate, entry = Gate(path), FileLock(path.with_name("tasks.db-entry"))
    assert entry.try_lock()
    with pytest.raises(DatabaseBusyError), gate.turn(time.monotonic() + 0.05):
        pytest.fail("there was no turn to be had")
    entry.unlock()
    with gate.turn(time.monotonic() + 1):
        pass
    gate.close()
    entry.close()


def test_work_that_fails_opens_the_gate_again(sqlite: Database, sqlite_url: str) -> None:
    def fail(_: Connection) -> None:
        raise ValueError("no")

    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            sqlite.write(fail)
    with impatient(sqlite_url) as other:
        add(other)
    add(sqlite)
