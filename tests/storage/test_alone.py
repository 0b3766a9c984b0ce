"""User code in a write transaction: run once, by its own thread, in one that nobody shares."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import Connection, text

from taskrow.errors import DatabaseError
from taskrow.storage.alone import WorkFailed
from taskrow.storage.database import Database
from taskrow.storage.submit import submit
from tests.storage.rows import NOW, add, find, new_task
from tests.storage.test_commits import stored


def nothing(_: Connection) -> None: ...


def test_what_fails_beside_it_does_not_run_it_again(database: Database) -> None:
    add(database)
    ran: list[tuple[int, int]] = []
    start = threading.Barrier(16)

    def write(number: int) -> None:
        start.wait()
        me = threading.get_ident()
        for _ in range(10):
            if number % 2:
                with suppress(ValueError):
                    database.write(fail)
            else:
                database.write_alone(lambda _: ran.append((me, threading.get_ident())), nothing)

    def fail(_: Connection) -> None:
        raise ValueError

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(16)))
    assert len(ran) == 80
    assert all(asked == done for asked, done in ran)


def test_what_its_thread_writes_meanwhile_joins_it(database: Database) -> None:
    kept, dropped = new_task(), new_task()

    def work(_: Connection, *, fails: bool) -> None:
        task = dropped if fails else kept
        database.write(lambda connection: submit(connection, task, now=NOW))
        if fails:
            raise ValueError("not that")

    database.write_alone(lambda connection: work(connection, fails=False), nothing)
    with pytest.raises(WorkFailed) as failed:
        database.write_alone(lambda connection: work(connection, fails=True), nothing)
    assert str(failed.value.error) == "not that"
    assert stored(database, {kept.id: None, dropped.id: None}) == {kept.id}


def test_its_end_may_fail_and_takes_the_work_with_it(database: Database) -> None:
    task = new_task()

    def end(_: Connection) -> None:
        raise DatabaseError("lost")

    def work(connection: Connection) -> None:
        submit(connection, task, now=NOW)

    with pytest.raises(DatabaseError, match="lost"):
        database.write_alone(work, end)
    assert stored(database, {task.id: None}) == set()


def test_a_transaction_that_the_work_ends_is_noticed(database: Database) -> None:
    task = new_task()

    def work(connection: Connection) -> None:
        submit(connection, task, now=NOW)
        connection.execute(text("ROLLBACK"))

    with pytest.raises(DatabaseError, match="leave commit and rollback to taskrow"):
        database.write_alone(work, nothing)
    assert stored(database, {task.id: None}) == set()
    add(database)


def test_an_error_that_somebody_keeps_keeps_no_lock(database: Database) -> None:
    """Its traceback holds what the work had open: here a result that was not read to its end."""

    def work(connection: Connection) -> None:
        rows = connection.execute(text("SELECT 1 UNION ALL SELECT 2"))
        submit(connection, new_task(), now=NOW)
        if next(rows):
            raise ValueError

    with pytest.raises(WorkFailed) as kept:
        database.write_alone(work, nothing)
    assert find(database, add(database)).attempt == 0
    assert isinstance(kept.value.error, ValueError)
