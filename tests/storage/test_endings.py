"""How an attempt ends: what the row shows afterwards, and what is kept of the attempt."""

from __future__ import annotations

import json

import pytest

from taskrow.domain.answer import Answer
from taskrow.domain.task import Status
from taskrow.storage import finish
from taskrow.storage.database import Database
from taskrow.storage.finish import Ending
from taskrow.storage.requests import find_answer
from taskrow.storage.submit import StoredRequest, submit
from tests.storage.rows import (
    ERROR,
    NOW,
    PURGE_AT,
    SECOND,
    WORKER,
    attempts,
    cancel,
    claimed,
    ending,
    find,
    new_task,
    retry,
    settle,
    take,
)
from tests.storage.transitions import promote

LATER = NOW + 5 * SECOND
SAID = json.dumps({"state": "PROGRESS", "meta": {"current": 3}})


def test_a_success_keeps_its_result_until_its_purge(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.SUCCEEDED, result='{"é": [1]}'), LATER)
    task = find(database, claim.id)
    assert (task.status, task.result, task.error) == (Status.SUCCEEDED, '{"é": [1]}', None)
    assert (task.finished_at, task.purge_at) == (LATER, PURGE_AT)
    assert (task.worker, task.attempt, task.started_at) == (WORKER, 1, NOW)
    assert task.lease_expires_at is None
    assert attempts(database, claim.seq) == []


def test_a_success_may_bring_its_last_progress(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SUCCEEDED, progress=SAID))
    assert find(database, claim.id).progress == SAID


def test_many_successes_are_written_at_once(database: Database) -> None:
    claims = [claimed(database) for _ in range(5)]
    for place, claim in enumerate(claims):
        assert settle(database, ending(claim, Status.SUCCEEDED, result=str(place)))
    assert [find(database, claim.id).result for claim in claims] == ["0", "1", "2", "3", "4"]


def test_a_failure_keeps_its_error_and_its_traceback(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.FAILED), LATER)
    task = find(database, claim.id)
    assert (task.status, task.error, task.traceback) == (Status.FAILED, ERROR, "Traceback ...")
    assert (task.finished_at, task.purge_at, task.result) == (LATER, PURGE_AT, None)


def test_a_retry_waits_for_its_time_with_the_error_in_sight(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.SCHEDULED, run_at=LATER))
    task = find(database, claim.id)
    assert (task.status, task.run_at, task.error) == (Status.SCHEDULED, LATER, ERROR)
    assert (task.attempt, task.finished_at, task.lease_expires_at) == (1, None, None)
    assert promote(database, LATER - SECOND) == 0
    assert promote(database, LATER) == 1


def test_a_stopped_task_is_cancelled(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.CANCELLED), LATER)
    task = find(database, claim.id)
    assert (task.status, task.finished_at, task.purge_at) == (Status.CANCELLED, LATER, PURGE_AT)


def test_a_release_gives_the_attempt_back(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.QUEUED))
    task = find(database, claim.id)
    assert (task.status, task.attempt, task.lease_expires_at) == (Status.QUEUED, 0, None)
    assert attempts(database, claim.seq) == []
    [again] = take(database, worker="other")
    assert (again.attempt, again.failures, again.losses) == (1, 0, 0)


def test_a_task_can_be_released_for_later_with_the_reason(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.SCHEDULED, outcome=None, run_at=LATER))
    task = find(database, claim.id)
    assert (task.status, task.attempt, task.error) == (Status.SCHEDULED, 0, ERROR)
    assert attempts(database, claim.seq) == []


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (Status.FAILED, "failed"),
        (Status.FAILED, "lost"),
        (Status.SCHEDULED, "failed"),
        (Status.SCHEDULED, "lost"),
        (Status.CANCELLED, "cancelled"),
        (Status.CANCELLED, "lost"),
    ],
)
def test_an_attempt_that_did_not_succeed_is_kept(
    database: Database, status: Status, outcome: str
) -> None:
    claim = claimed(database)
    settle(database, ending(claim, status, outcome=outcome, error=ERROR, traceback="t"), LATER)
    assert attempts(database, claim.seq) == [
        {
            "task_seq": claim.seq,
            "attempt": 1,
            "outcome": outcome,
            "worker": WORKER,
            "error": ERROR,
            "traceback": "t",
            "started_at": NOW,
            "finished_at": LATER,
        }
    ]


def test_every_attempt_leaves_its_own_row(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SCHEDULED, run_at=NOW))
    promote(database, NOW)
    [claim] = take(database)
    settle(database, ending(claim, Status.FAILED))
    retry(database, claim.id)
    [claim] = take(database)
    settle(database, ending(claim, Status.CANCELLED))
    kept = [(row["attempt"], row["outcome"]) for row in attempts(database, claim.seq)]
    assert kept == [(1, "failed"), (2, "failed"), (3, "cancelled")]


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED])
def test_a_view_ends_with_its_answer(database: Database, status: Status) -> None:
    new = new_task()
    request = StoredRequest("{}", b"")
    database.write(lambda connection: submit(connection, new, now=NOW, request=request))
    [claim] = take(database)
    answer = Answer(201, (("X-A", "1"), ("X-A", "2"), ("Content-Type", "text/plain")), b"\0\xff")
    one = ending(claim, status, answer=answer)
    with database.read() as connection:
        assert find_answer(connection, new.id) is None
    assert _end(database, one)
    with database.read() as connection:
        assert find_answer(connection, new.id) == answer


def test_a_view_that_is_retried_by_hand_has_not_answered_yet(database: Database) -> None:
    new = new_task()
    request = StoredRequest("{}", b"")
    database.write(lambda connection: submit(connection, new, now=NOW, request=request))
    [claim] = take(database)
    assert _end(database, ending(claim, Status.FAILED, answer=Answer(500, (), b"old")))
    assert retry(database, new.id)
    [claim] = take(database)
    assert _end(database, ending(claim, Status.FAILED, outcome="lost"))
    with database.read() as connection:
        assert find_answer(connection, new.id) is None


def _end(database: Database, one: finish.Ending) -> bool:
    return database.write(lambda connection: finish.end(connection, one, now=NOW))


@pytest.mark.parametrize(
    ("outcome", "status"), [("failed", Status.FAILED), ("lost", Status.CANCELLED)]
)
def test_a_retry_is_the_end_where_a_cancel_was_asked_meanwhile(
    database: Database, outcome: str, status: Status
) -> None:
    claim = claimed(database)
    cancel(database, claim.id)
    again = ending(claim, Status.SCHEDULED, outcome=outcome, purge_at=PURGE_AT)
    assert settle(database, again)
    task = find(database, claim.id)
    assert (task.status, task.purge_at) == (status, PURGE_AT)
    assert [one["outcome"] for one in attempts(database, claim.seq)] == [outcome]


def test_a_release_is_a_cancel_where_that_was_asked_meanwhile(database: Database) -> None:
    claim = claimed(database)
    cancel(database, claim.id)
    released = Ending(claim=claim, status=Status.QUEUED, purge_at=NOW)
    assert database.write(lambda c: finish.end(c, released, now=NOW))
    assert find(database, claim.id).status is Status.CANCELLED
