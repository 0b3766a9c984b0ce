"""Keys of submitted tasks: whoever comes second finds the first, however close they come."""

from __future__ import annotations

from typing import Any

import pytest

from taskrow.domain.task import Status
from taskrow.storage import queries
from taskrow.storage.database import Database
from taskrow.storage.submit import StoredRequest, submit
from tests.storage.key_workloads import submit_with_keys
from tests.storage.processes import run_together, running
from tests.storage.rows import (
    NOW,
    PURGE_AT,
    SECOND,
    cancel,
    ending,
    find,
    new_task,
    retry,
    settle,
    take,
)
from tests.storage.test_purge import purge

KEYS: list[dict[str, Any]] = [
    {"idempotency_key": "once"},
    {"unique_key": "alone"},
    {"idempotency_key": "once", "unique_key": "alone"},
]
each_kind = pytest.mark.parametrize("keys", KEYS, ids=" and ".join)


def give(database: Database, request: StoredRequest | None = None, **keys: Any) -> str:
    """Submit a task; the id that comes back, which may be another one's."""
    task = new_task(**keys)
    return database.write(lambda c: submit(c, task, now=NOW, request=request))


def count(database: Database) -> int:
    with database.read() as connection:
        return len(queries.list_tasks(connection, limit=1000))


def end(database: Database, status: Status = Status.SUCCEEDED) -> None:
    """End the only task that waits."""
    [claim] = take(database)
    assert settle(database, ending(claim, status))


@each_kind
def test_twenty_threads_at_once_write_one_row(
    database: Database, database_url: str, keys: dict[str, Any]
) -> None:
    with running(submit_with_keys, database_url, 20, keys) as child:
        found = child.hear()
    assert (len(found), len(set(found)), count(database)) == (20, 1, 1)
    assert find(database, found[0]).idempotency_key == keys.get("idempotency_key")


@each_kind
def test_threads_of_four_processes_at_once_write_one_row(
    database: Database, database_url: str, keys: dict[str, Any]
) -> None:
    found = run_together(submit_with_keys, [(database_url, 5, keys)] * 4)
    assert len({task_id for ids in found for task_id in ids}) == count(database) == 1


@each_kind
def test_the_second_writes_nothing_of_its_own(database: Database, keys: dict[str, Any]) -> None:
    first = give(database, StoredRequest("{}", b"one"), **keys)
    assert give(database, StoredRequest("{}", b"two"), **keys) == first
    with database.read() as connection:
        bodies = connection.exec_driver_sql("SELECT body FROM task_requests").scalars().all()
    assert [bytes(body) for body in bodies] == [b"one"]


def test_other_keys_are_other_tasks(database: Database) -> None:
    keys: list[dict[str, Any]] = [
        {"idempotency_key": "a"},
        {"idempotency_key": "b"},
        {"unique_key": "a"},
        {},
        {},
    ]
    assert len({give(database, **key) for key in keys}) == len(keys)


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_an_idempotency_key_outlives_the_end_of_its_task(
    database: Database, status: Status
) -> None:
    first = give(database, idempotency_key="once")
    end(database, status)
    assert give(database, idempotency_key="once") == first


def test_it_is_free_when_the_task_is_purged(database: Database) -> None:
    first = give(database, idempotency_key="once")
    end(database)
    purge(database, PURGE_AT)
    assert give(database, idempotency_key="once") != first


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_a_unique_key_is_free_when_the_task_has_ended(database: Database, status: Status) -> None:
    first = give(database, unique_key="alone")
    end(database, status)
    second = give(database, unique_key="alone")
    assert second != first
    assert give(database, unique_key="alone") == second


def test_a_unique_key_is_free_when_the_task_was_cancelled(database: Database) -> None:
    first = give(database, unique_key="alone")
    cancel(database, first)
    assert give(database, unique_key="alone") != first


def test_a_unique_key_is_held_while_the_task_runs_or_waits_for_its_retry(
    database: Database,
) -> None:
    first = give(database, unique_key="alone", retries=1)
    [claim] = take(database)
    assert give(database, unique_key="alone") == first
    assert settle(database, ending(claim, Status.SCHEDULED))
    assert give(database, unique_key="alone") == first


def test_a_task_that_is_retried_by_hand_holds_its_key_again(database: Database) -> None:
    first = give(database, unique_key="alone")
    end(database, Status.FAILED)
    assert retry(database, first)
    assert give(database, unique_key="alone") == first


def test_an_idempotency_key_counts_before_a_unique_key(database: Database) -> None:
    first = give(database, idempotency_key="once", unique_key="alone")
    end(database)
    second = give(database, unique_key="alone")
    assert give(database, idempotency_key="once", unique_key="alone") == first != second


def test_a_task_for_later_holds_its_keys_too(database: Database) -> None:
    first = give(database, unique_key="alone", run_at=NOW + 60 * SECOND)
    assert give(database, unique_key="alone") == first
