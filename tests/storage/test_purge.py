"""Purge: finished rows go when their time is up, in small batches, with all that hangs on them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from taskrow.domain.settings import Settings
from taskrow.domain.task import FINAL, LIVE, Status
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage import purge as rows
from taskrow.storage.database import Database
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.submit import StoredRequest, submit
from taskrow.storage.tables import task_attempts, task_requests
from tests.storage.rows import (
    NOW,
    PURGE_AT,
    SECOND,
    counts,
    ending,
    find,
    in_status,
    new_task,
    put,
    put_finished,
    retry,
    settle,
    take,
)

DAY = timedelta(days=1)


def purge(database: Database, now: datetime, limit: int = 100) -> int:
    return database.write(lambda c: rows.purge(c, now=now, limit=limit))


def purge_older(database: Database, before: datetime, limit: int = 100) -> int:
    with database.read() as connection:
        found = rows.find_older(connection, finished_before=before, after=0, limit=limit)
    return database.write(lambda c: rows.purge_these(c, found.seqs, finished_before=before))


def how_many(database: Database, table: str = "tasks") -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_finished_row_goes_when_its_time_is_up(database: Database, status: Status) -> None:
    in_status(database, status)
    assert purge(database, PURGE_AT - SECOND) == 0
    assert purge(database, PURGE_AT) == 1
    assert how_many(database) == 0


@pytest.mark.parametrize("status", sorted(LIVE))
def test_a_live_row_never_goes(database: Database, status: Status) -> None:
    before = in_status(database, status)
    assert purge(database, PURGE_AT + 1000 * DAY) == 0
    assert purge_older(database, PURGE_AT + 1000 * DAY) == 0
    assert find(database, before.id) == before


def test_a_batch_takes_no_more_than_its_limit_oldest_first(database: Database) -> None:
    ids = put_finished(database, [NOW + n * SECOND for n in (3, 1, 2)])
    assert purge(database, PURGE_AT, limit=2) == 2
    assert find(database, ids[0]).purge_at == NOW + 3 * SECOND
    assert [purge(database, PURGE_AT, limit=2) for _ in range(2)] == [1, 0]


def test_what_is_older_goes_whatever_its_retention(database: Database) -> None:
    put_finished(database, [NOW + 1000 * DAY] * 3)
    assert purge_older(database, NOW - SECOND) == 0
    assert [purge_older(database, NOW, limit=2) for _ in range(3)] == [2, 1, 0]


def test_requests_and_attempts_go_with_their_task(database: Database) -> None:
    new = new_task()
    database.write(lambda c: submit(c, new, now=NOW, request=StoredRequest("{}", b"x")))
    settle(database, ending(take(database)[0], Status.FAILED))
    in_status(database, Status.FAILED)
    assert (how_many(database, "task_requests"), how_many(database, "task_attempts")) == (1, 2)
    purge(database, PURGE_AT)
    with database.read() as connection:
        for table in (task_requests, task_attempts):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


def test_the_totals_outlive_the_rows(database: Database) -> None:
    in_status(database, Status.FAILED)
    before = counts(database)
    purge(database, PURGE_AT)
    assert counts(database) == before != {}


def test_a_row_retried_by_hand_is_safe_from_the_purge(database: Database) -> None:
    task = in_status(database, Status.FAILED)
    retry(database, task.id)
    assert purge(database, PURGE_AT) == 0


def test_a_row_retried_by_hand_after_it_was_found_is_safe(database: Database) -> None:
    task = in_status(database, Status.FAILED)
    with database.read() as connection:
        found = rows.find_older(connection, finished_before=PURGE_AT, after=0, limit=1)
    retry(database, task.id)
    deleted = database.write(lambda c: rows.purge_these(c, found.seqs, finished_before=PURGE_AT))
    assert (list(found.seqs), deleted) == ([task.seq], 0)
    assert find(database, task.id).status is Status.QUEUED


@pytest.fixture
def later(database_url: str) -> QueueEngine:
    """The engine of somebody who comes two days later."""
    return QueueEngine(Settings(database_url=database_url), Registry(), clock=lambda: NOW + 2 * DAY)


def test_the_engine_purges_batch_after_batch(database: Database, later: QueueEngine) -> None:
    put_finished(database, [PURGE_AT] * 1200 + [NOW + 3 * DAY] * 2)
    assert later.purge() == 1200
    assert how_many(database) == 2
    assert later.purge(older_than=timedelta(hours=49)) == 0
    assert later.purge(older_than=timedelta(hours=47)) == 2
    later.close()


def test_the_space_of_many_rows_is_given_back(sqlite_url: str) -> None:
    engine = QueueEngine(Settings(database_url=sqlite_url), Registry(), clock=lambda: PURGE_AT)
    database = engine.database
    assert isinstance(database, SqliteDatabase)
    ended = {"status": "succeeded", "finished_at": NOW, "purge_at": PURGE_AT, "args": "x" * 4000}
    put(database, [ended] * 2500)
    database.truncate_log()
    before = database.path.stat().st_size
    assert engine.purge() == 2500
    database.truncate_log()
    assert before > 10_000_000
    assert database.path.stat().st_size < before / 2
    engine.close()
