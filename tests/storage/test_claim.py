"""Claim: queued to running, best first, of one queue."""

from __future__ import annotations

import pytest

from taskrow.domain.task import Status
from taskrow.storage.database import Database
from tests.storage.rows import (
    ERROR,
    LEASE,
    NOW,
    SECOND,
    WORKER,
    add,
    add_many,
    claimed,
    ending,
    find,
    find_all,
    in_status,
    retry,
    settle,
    take,
)
from tests.storage.transitions import promote


def test_a_claim_takes_the_oldest_of_the_highest_priority(database: Database) -> None:
    ids = [add(database, priority=priority) for priority in (0, 5, -1, 5)]
    order = [take(database)[0].id for _ in ids]
    assert order == [ids[1], ids[3], ids[0], ids[2]]


def test_claims_of_one_batch_come_in_the_order_in_which_they_should_run(database: Database) -> None:
    ids = [add(database, priority=priority) for priority in (0, 5, -1, 5)]
    assert [claim.id for claim in take(database, 4)] == [ids[1], ids[3], ids[0], ids[2]]


def test_a_claim_takes_no_more_than_its_limit(database: Database) -> None:
    ids = add_many(database, 5)
    assert [claim.id for claim in take(database, 3)] == ids[:3]
    assert [claim.id for claim in take(database, 3)] == ids[3:]
    assert take(database, 3) == []


def test_a_claim_takes_from_its_queue_alone(database: Database) -> None:
    mail = add(database, queue="mail")
    add(database, queue="default", priority=9)
    assert [claim.id for claim in take(database, 10, queue="mail")] == [mail]


def test_a_claimed_row_shows_who_runs_it_since_when_and_until_when(database: Database) -> None:
    task = find(database, claimed(database).id)
    assert (task.status, task.attempt, task.worker) == (Status.RUNNING, 1, WORKER)
    assert (task.started_at, task.lease_expires_at) == (NOW, LEASE)


def test_a_claim_carries_what_is_needed_to_run_and_to_end_it(database: Database) -> None:
    claim = claimed(database, args='{"args": [1]}', retries=2, crash_limit=1, queue="mail")
    task = find(database, claim.id)
    for name in ("seq", "queue", "name", "attempt", "worker", "retries", "crash_limit", "args"):
        assert getattr(claim, name) == getattr(task, name), name
    assert (claim.run_at, claim.started_at, claim.cancel_requested_at) == (NOW, NOW, None)
    assert (claim.losses, claim.failures) == (0, 0)


def test_a_claim_knows_its_earlier_failures_and_losses(database: Database) -> None:
    claim = claimed(database)
    for outcome in ("failed", "lost", "lost", "failed", "failed"):
        assert settle(database, ending(claim, Status.SCHEDULED, outcome=outcome, run_at=NOW))
        promote(database, NOW)
        [claim] = take(database)
    assert (claim.attempt, claim.losses, claim.failures) == (6, 2, 3)


def test_a_success_before_a_retry_by_hand_was_no_failure(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.SUCCEEDED))
    assert retry(database, claim.id)
    [again] = take(database)
    assert (again.attempt, again.losses, again.failures) == (2, 0, 0)


def test_a_new_attempt_starts_without_the_error_of_the_last(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SCHEDULED, run_at=NOW))
    assert find(database, claim.id).error == ERROR
    promote(database, NOW)
    take(database)
    task = find(database, claim.id)
    assert task.error is task.traceback is None


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.QUEUED])
def test_nothing_but_a_queued_task_is_claimed(database: Database, status: Status) -> None:
    task = in_status(database, status)
    assert take(database, 10) == []
    assert find(database, task.id) == task


def test_a_task_for_later_does_not_stand_in_the_way(database: Database) -> None:
    add(database, run_at=NOW + SECOND, priority=9)
    ready = add(database)
    assert [claim.id for claim in take(database, 10)] == [ready]


def test_two_workers_never_get_the_same_task(database: Database) -> None:
    ids = add_many(database, 4)
    one, two = take(database, 3, worker="one"), take(database, 3, worker="two")
    assert [claim.id for claim in [*one, *two]] == ids
    assert [task.worker for task in find_all(database, ids)] == ["one", "one", "one", "two"]
