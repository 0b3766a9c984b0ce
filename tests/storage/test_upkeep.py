"""Changes that no attempt makes: promote, cancel, retry by hand, recall of unknown names."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from sqlalchemy import Connection

from taskrow.domain.task import FINAL, LIVE, Status
from taskrow.storage import claims, upkeep
from taskrow.storage.database import Database
from tests.storage.rows import (
    ERROR,
    LEASE,
    NOW,
    PURGE_AT,
    SECOND,
    add,
    add_many,
    attempts,
    cancel,
    claimed,
    ending,
    find,
    find_all,
    in_status,
    retry,
    settle,
    take,
)
from tests.storage.transitions import promote, reclaim

UNKNOWN = json.dumps({"type": "UnknownTask", "message": "no worker knows 'app.new' yet"})


def recall(database: Database, *names: str, now: datetime = NOW) -> int:
    with database.read() as connection:
        put_back = upkeep.names_put_back(connection)
    known = [name for name in names if name in put_back]
    return database.write(lambda c: upkeep.recall_unknown(c, known, now=now))


def test_what_is_due_is_queued_and_the_rest_waits(database: Database) -> None:
    ids = [add(database, run_at=NOW + n * SECOND) for n in (1, 2, 3)]
    assert promote(database, NOW + 2 * SECOND) == 2
    found = [task.status for task in find_all(database, ids)]
    assert found == [Status.QUEUED, Status.QUEUED, Status.SCHEDULED]


def test_at_most_five_hundred_are_promoted_at_once(database: Database) -> None:
    add_many(database, 501, run_at=NOW + SECOND)
    assert [promote(database, PURGE_AT) for _ in range(3)] == [500, 1, 0]


def test_a_task_that_waits_is_cancelled_at_once(database: Database) -> None:
    for status in (Status.QUEUED, Status.SCHEDULED):
        task = in_status(database, status)
        assert cancel(database, task.id, NOW + SECOND) is status
        task = find(database, task.id)
        assert (task.status, task.finished_at) == (Status.CANCELLED, NOW + SECOND)
        assert task.purge_at == PURGE_AT
        assert take(database) == []


def test_a_task_that_runs_is_asked_to_stop(database: Database) -> None:
    claim = claimed(database)
    assert cancel(database, claim.id, NOW + SECOND) is Status.RUNNING
    task = find(database, claim.id)
    assert (task.status, task.cancel_requested_at) == (Status.RUNNING, NOW + SECOND)


def test_asking_again_does_not_move_the_first_request(database: Database) -> None:
    claim = claimed(database)
    cancel(database, claim.id, NOW)
    assert cancel(database, claim.id, NOW + SECOND) is Status.RUNNING
    assert find(database, claim.id).cancel_requested_at == NOW


def test_a_task_that_runs_is_left_alone_where_it_is_not_to_be_asked(database: Database) -> None:
    before = in_status(database, Status.RUNNING)

    def write(connection: Connection) -> Status | None:
        return upkeep.cancel(connection, before.id, now=NOW, purge_at=PURGE_AT, ask_running=False)

    assert database.write(write) is Status.RUNNING
    assert find(database, before.id) == before


@pytest.mark.parametrize("status", sorted(FINAL))
def test_what_is_over_is_not_cancelled(database: Database, status: Status) -> None:
    before = in_status(database, status)
    assert cancel(database, before.id) is status
    assert find(database, before.id) == before


def test_a_task_that_never_was_cannot_be_cancelled_or_retried(database: Database) -> None:
    nobody = add(database)[:-1] + "x"
    assert cancel(database, nobody) is None
    assert not retry(database, nobody)


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_retry_by_hand_queues_a_task_as_if_it_were_new(
    database: Database, status: Status
) -> None:
    before = in_status(database, status)
    assert retry(database, before.id, NOW + SECOND)
    task = find(database, before.id)
    assert (task.status, task.run_at) == (Status.QUEUED, NOW + SECOND)
    assert (task.id, task.args, task.attempt) == (before.id, before.args, before.attempt)
    assert (task.result, task.progress, task.cancel_requested_at) == (None, None, None)
    assert (task.finished_at, task.purge_at) == (None, None)
    [claim] = take(database)
    assert (claim.id, claim.attempt) == (before.id, before.attempt + 1)


@pytest.mark.parametrize("status", sorted(LIVE))
def test_what_is_not_over_is_not_retried_by_hand(database: Database, status: Status) -> None:
    before = in_status(database, status)
    assert not retry(database, before.id)
    assert find(database, before.id) == before


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.FAILED, Status.CANCELLED])
def test_a_reclaim_ends_the_attempt_of_a_lost_worker(database: Database, status: Status) -> None:
    claim = claimed(database)
    assert reclaim(database, claim, status)
    task = find(database, claim.id)
    assert (task.status, task.lease_expires_at) == (status, None)
    assert [row["outcome"] for row in attempts(database, claim.seq)] == ["lost"]


def test_the_claims_of_other_workers_are_listed_with_their_losses(database: Database) -> None:
    claimed(database, worker="me")
    lost = claimed(database, worker="one")
    assert reclaim(database, lost)
    promote(database, NOW + SECOND)
    [again] = take(database, worker="two")
    with database.read() as connection:
        found = claims.running_elsewhere(connection, worker="me")
    assert [(claim.seq, claim.worker, claim.attempt) for claim in found] == [(lost.seq, "two", 2)]
    assert (found[0].losses, found) == (1, [again])


def test_a_name_that_became_known_is_due_at_once(database: Database) -> None:
    waiting = []
    for error in (UNKNOWN, ERROR):
        claim = claimed(database, name="app.new")
        one = ending(claim, Status.SCHEDULED, outcome=None, error=error, run_at=LEASE)
        assert settle(database, one)
        waiting.append(claim.id)
    assert recall(database, "app.other") == 0
    assert recall(database) == 0
    assert recall(database, "app.new", "app.other", now=NOW + SECOND) == 1
    assert [task.run_at for task in find_all(database, waiting)] == [NOW + SECOND, LEASE]
