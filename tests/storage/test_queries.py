"""Reads: one task, many tasks, what waits."""

from __future__ import annotations

import pytest

from taskrow.domain.ids import new_id
from taskrow.domain.task import Status
from taskrow.storage import queries
from taskrow.storage.database import Database
from tests.storage.rows import NOW, SECOND, add, cancel, claimed, in_status


def waiting(database: Database) -> list[str]:
    with database.read() as connection:
        return queries.queues_waiting(connection)


def listed(database: Database, **filters: object) -> list[str]:
    with database.read() as connection:
        return [task.id for task in queries.list_tasks(connection, **filters)]  # type: ignore[arg-type]


def test_a_task_is_found_by_its_id(database: Database) -> None:
    task_id = add(database)
    with database.read() as connection:
        found = queries.find(connection, task_id)
        assert found is not None
        assert found.id == task_id
        assert queries.find(connection, new_id(NOW)) is None


def test_many_are_found_at_once_and_the_missing_are_left_out(database: Database) -> None:
    ids = [add(database) for _ in range(3)]
    with database.read() as connection:
        found = queries.find_many(connection, [*ids, new_id(NOW)])
        assert {task.id for task in found} == set(ids)
        assert queries.find_many(connection, []) == []


def test_the_newest_come_first_in_a_list(database: Database) -> None:
    ids = [add(database) for _ in range(5)]
    assert listed(database) == ids[::-1]
    assert listed(database, limit=2) == [ids[4], ids[3]]


def test_a_list_can_be_narrowed(database: Database) -> None:
    mail = add(database, queue="mail", name="app.mail")
    failed = in_status(database, Status.FAILED).id
    queued = add(database)
    assert listed(database, queue="mail") == listed(database, name="app.mail") == [mail]
    assert listed(database, statuses=[Status.FAILED]) == [failed]
    assert listed(database, statuses=[Status.QUEUED], queue="default") == [queued]
    assert listed(database, name="' OR 1=1 --") == []


def test_the_queues_in_which_something_waits_are_named_once_each(database: Database) -> None:
    for queue in ("b", "a", "b", "Ä", "z"):
        add(database, queue=queue)
    in_status(database, Status.SCHEDULED, queue="later")
    in_status(database, Status.RUNNING, queue="busy")
    found = waiting(database)
    assert sorted(found) == sorted(["a", "b", "z", "Ä"])


def test_nothing_waits_in_an_empty_database(database: Database) -> None:
    assert waiting(database) == []
    with database.read() as connection:
        assert not queries.is_anything_queued(connection)
        assert queries.next_due(connection) is None


@pytest.mark.parametrize("status", Status)
def test_only_a_queued_task_counts_as_waiting(database: Database, status: Status) -> None:
    in_status(database, status, queue="mail")
    with database.read() as connection:
        expected = status is Status.QUEUED
        assert queries.is_anything_queued(connection) is expected
        assert queries.is_anything_queued(connection, ["other", "mail"]) is expected
        assert not queries.is_anything_queued(connection, ["other"])
        assert not queries.is_anything_queued(connection, [])


def test_the_next_due_task_is_the_earliest_that_is_scheduled(database: Database) -> None:
    for seconds in (30, 10, 20):
        add(database, run_at=NOW + seconds * SECOND)
    add(database)
    with database.read() as connection:
        assert queries.next_due(connection) == NOW + 10 * SECOND


def test_a_worker_learns_which_of_its_tasks_should_stop(database: Database) -> None:
    mine, other = claimed(database, worker="me"), claimed(database, worker="you")
    claimed(database, worker="me")
    for claim in (mine, other):
        cancel(database, claim.id)
    with database.read() as connection:
        assert queries.cancels_asked(connection, "me") == {(mine.seq, mine.attempt): False}
