"""Submit: the first transition."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from taskrow.domain.task import Status
from taskrow.storage.database import Database
from taskrow.storage.requests import find_request
from taskrow.storage.submit import StoredRequest, submit
from tests.storage.rows import NOW, SECOND, add, find, new_task


def test_a_task_that_may_run_now_is_queued(database: Database) -> None:
    task = find(database, add(database, run_at=NOW))
    assert (task.status, task.run_at, task.created_at) == (Status.QUEUED, NOW, NOW)
    assert (task.attempt, task.heartbeat, task.worker) == (0, 0, None)
    assert task.lease_expires_at is task.started_at is task.finished_at is task.purge_at is None


def test_a_task_for_the_past_is_queued(database: Database) -> None:
    assert find(database, add(database, run_at=NOW - SECOND)).status is Status.QUEUED


def test_a_task_for_later_is_scheduled(database: Database) -> None:
    task = find(database, add(database, run_at=NOW + timedelta(milliseconds=1)))
    assert (task.status, task.run_at) == (Status.SCHEDULED, NOW + timedelta(milliseconds=1))


def test_a_row_keeps_what_was_submitted(database: Database) -> None:
    new = new_task(
        name="app.mail",
        queue="Grüße",
        priority=-7,
        retries=2,
        crash_limit=1,
        args='["é \\u0000"]',
    )
    database.write(lambda connection: submit(connection, new, now=NOW))
    task = find(database, new.id)
    assert [getattr(task, name) for name in ("id", "name", "queue", "priority")] == [
        new.id, "app.mail", "Grüße", -7,
    ]  # fmt: skip
    assert (task.retries, task.crash_limit, task.args) == (2, 1, new.args)


def test_rows_are_numbered_in_the_order_of_their_submits(database: Database) -> None:
    seqs = [find(database, add(database)).seq for _ in range(3)]
    assert seqs == sorted(set(seqs))


def test_the_same_id_is_never_written_twice(database: Database) -> None:
    new = new_task()
    database.write(lambda connection: submit(connection, new, now=NOW))
    with pytest.raises(IntegrityError):
        database.write(lambda connection: submit(connection, new, now=NOW))
    assert find(database, new.id).status is Status.QUEUED


def test_a_request_is_stored_beside_its_task(database: Database) -> None:
    new, request = new_task(), StoredRequest('{"path": "/é"}', b"\0\xff body")
    database.write(lambda connection: submit(connection, new, now=NOW, request=request))
    with database.read() as connection:
        assert find_request(connection, new.id) == request


def test_a_time_finer_than_a_millisecond_is_cut_on_both_databases(database: Database) -> None:
    late = NOW + timedelta(microseconds=1999)
    assert find(database, add(database, run_at=late)).run_at == NOW + timedelta(milliseconds=1)


def test_a_submit_that_fails_leaves_neither_task_nor_request(database: Database) -> None:
    new = new_task()

    def write(connection: object) -> None:
        submit(connection, new, now=NOW, request=StoredRequest("{}", b""))  # type: ignore[arg-type]
        raise RuntimeError("the view failed")

    with pytest.raises(RuntimeError, match="the view failed"):
        database.write(write)
    with database.read() as connection:
        assert find_request(connection, new.id) is None
    add(database)
