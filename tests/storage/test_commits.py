"""Group commit on SQLite: threads that write at once share a commit, but not their failures."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from taskrow.errors import DatabaseBusyError, DatabaseError
from taskrow.storage import queries, writer
from taskrow.storage.database import Database
from taskrow.storage.prepared import drive
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.submit import NewTask, submit
from tests.storage import log
from tests.storage.rows import NOW, add, new_task
from tests.support.processes import eventually

THREADS, EACH = 16, 20
Work = Callable[[Connection], object]


def storm(database: Database, work: Callable[[Connection, NewTask], object]) -> dict[str, object]:
    """Write from many threads at once; returns task id -> None, or the error that was raised."""
    start = threading.Barrier(THREADS)

    def write_many(_: int) -> dict[str, object]:
        start.wait()
        return {task.id: _try(database, work, task) for task in (new_task() for _ in range(EACH))}

    with ThreadPoolExecutor(THREADS) as pool:
        told = list(pool.map(write_many, range(THREADS)))
    return {task_id: error for one in told for task_id, error in one.items()}


def _try(
    database: Database, work: Callable[[Connection, NewTask], object], task: NewTask
) -> BaseException | None:
    try:
        database.write(lambda connection: work(connection, task))
    except BaseException as error:  # noqa: BLE001 - it is what the test looks at
        return error
    return None


def stored(database: Database, ids: dict[str, object]) -> set[str]:
    with database.read() as connection:
        return {task.id for task in queries.find_many(connection, ids)}


def fine(told: dict[str, object]) -> set[str]:
    return {task_id for task_id, error in told.items() if error is None}


def test_threads_that_write_at_once_share_commits(sqlite: Database, path: Path) -> None:
    before = log.commits(path)
    told = storm(sqlite, lambda connection, task: submit(connection, task, now=NOW))
    assert fine(told) == stored(sqlite, told) == set(told)
    assert log.commits(path) - before < THREADS * EACH / 3


def test_one_thread_after_the_other_commits_each_time(sqlite: Database, path: Path) -> None:
    before = log.commits(path)
    for _ in range(5):
        add(sqlite)
    assert log.commits(path) - before == 5


def test_work_that_fails_takes_no_other_work_with_it(sqlite: Database) -> None:
    def work(connection: Connection, task: NewTask) -> None:
        submit(connection, task, now=NOW)
        if int(task.id[-1], 16) < 5:
            raise ValueError(task.id)

    told = storm(sqlite, work)
    assert {task_id for task_id in told if int(task_id[-1], 16) >= 5} == fine(told)
    assert stored(sqlite, told) == fine(told)
    assert all(str(error) == task_id for task_id, error in told.items() if error is not None)


def test_a_row_that_is_refused_takes_no_other_row_with_it(sqlite: Database) -> None:
    taken = new_task()
    sqlite.write(lambda connection: submit(connection, taken, now=NOW))

    def work(connection: Connection, task: NewTask) -> None:
        submit(connection, task, now=NOW)
        if int(task.id[-1], 16) < 5:
            submit(connection, taken, now=NOW)

    told = storm(sqlite, work)
    assert stored(sqlite, told) == fine(told)
    assert {type(error) for error in told.values()} == {type(None), IntegrityError}


def test_a_full_disk_tells_nobody_that_a_row_is_stored_when_it_is_not(sqlite: Database) -> None:
    def work(connection: Connection, task: NewTask) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 100}").close()
        submit(connection, new_task(id=task.id, args="x" * 5000), now=NOW)

    pages = sqlite.write(lambda c: int(c.exec_driver_sql("PRAGMA page_count").scalar_one()))
    told = storm(sqlite, work)
    assert stored(sqlite, told) == fine(told)
    assert 0 < len(fine(told)) < len(told)
    errors = [error for error in told.values() if error is not None]
    assert all(isinstance(error, DatabaseError) and "full" in str(error) for error in errors)
    with sqlite.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_work_that_hides_an_error_of_the_disk_is_told_that_nothing_is_stored(
    sqlite: Database,
) -> None:
    def work(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count = 1").close()
        submit(connection, new_task(), now=NOW)
        with suppress(OperationalError):
            submit(connection, new_task(args="x" * 10**6), now=NOW)

    with pytest.raises(DatabaseError, match="undone"):
        sqlite.write(work)
    with sqlite.read() as connection:
        assert queries.list_tasks(connection) == []
    add(sqlite)


def test_a_thread_that_is_told_to_end_while_it_commits_for_others_deceives_none_of_them(
    sqlite: Database,
) -> None:
    def work(connection: Connection, task: NewTask) -> None:
        submit(connection, task, now=NOW)
        if int(task.id[-1], 16) < 2:
            raise SystemExit

    told = storm(sqlite, work)
    assert stored(sqlite, told) == fine(told)
    kinds = {type(error) for error in told.values()}
    assert kinds <= {type(None), SystemExit, DatabaseBusyError}
    add(sqlite)


def write_in_one_commit(database: Database, works: list[Work], before: Work) -> list[object]:
    """Have threads stand in line while ``before`` is run, so that they share the next commit."""
    assert isinstance(database, SqliteDatabase)
    line = database._open().commits._line

    def leave_when_all_wait(connection: Connection) -> None:
        futures.extend(pool.submit(database.write, work) for work in works)
        assert eventually(lambda: len(line) == len(works))
        before(connection)

    futures: list[Future[object]] = []
    with ThreadPoolExecutor(len(works)) as pool:
        with suppress(DatabaseError):
            database.write(leave_when_all_wait)
        return [future.exception() for future in futures]


class TestAnErrorAfterTheCommit:
    """It is told as it is: nobody's work is run again, which would find its own row there."""

    def write(self, database: Database, before: Work) -> list[object]:
        def work(task: NewTask) -> Work:
            def submit_and_note(connection: Connection) -> None:
                runs[task.id] += 1
                submit(connection, task, now=NOW)

            return submit_and_note

        runs: Counter[str] = Counter()
        errors = write_in_one_commit(database, [work(new_task()) for _ in range(4)], before)
        assert sorted(runs.values()) == [1, 1, 1, 1]
        return errors

    def test_the_file_is_gone(self, sqlite: Database, path: Path) -> None:
        add(sqlite)
        errors = self.write(sqlite, lambda _: path.rename(path.with_name("gone.db")))
        assert {type(error) for error in errors} == {DatabaseError}
        assert all("deleted or replaced" in str(error) for error in errors)

    def test_the_commit_itself_fails(
        self, sqlite: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(connection: Connection, sql: str) -> None:
            drive(connection, sql)
            if sql == "COMMIT":
                raise OperationalError(sql, None, sqlite3.OperationalError("disk I/O error"))

        errors = self.write(sqlite, lambda _: monkeypatch.setattr(writer, "drive", fail))
        assert {type(error) for error in errors} == {DatabaseError}
        monkeypatch.undo()
        with sqlite.read() as connection:
            assert len(queries.list_tasks(connection)) == 4, "it only seemed to"
        add(sqlite)


def test_what_the_work_returns_is_returned(database: Database) -> None:
    assert database.write(lambda _: {"a": 1}) == {"a": 1}


def test_nothing_is_seen_of_a_write_before_its_commit(database: Database) -> None:
    task = new_task()

    def write(connection: Connection) -> object:
        submit(connection, task, now=NOW)
        with database.read() as reader:
            return queries.find(reader, task.id)

    assert database.write(write) is None
    with database.read() as connection:
        assert queries.find(connection, task.id) is not None
