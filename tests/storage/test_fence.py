"""The fence: whatever ends an attempt must still hold it, or nothing is changed."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from taskrow.domain.task import Status
from taskrow.storage import claims, finish
from taskrow.storage.claims import Attempt, Beaten, Claim, find_held
from taskrow.storage.database import Database
from taskrow.storage.purge import forget
from tests.storage.rows import (
    LEASE,
    NOW,
    SECOND,
    add_many,
    attempts,
    cancel,
    claim_of,
    claimed,
    counts,
    ending,
    find,
    in_status,
    retry,
    settle,
    take,
)
from tests.storage.transitions import reclaim

ENDINGS = [Status.SUCCEEDED, Status.FAILED, Status.SCHEDULED, Status.QUEUED, Status.CANCELLED]
STALE = {
    "another attempt": {"attempt": 2},
    "an earlier attempt": {"attempt": 0},
    "another worker": {"worker": "other"},
    "another row": {"seq": 10**6},
}
SAID = json.dumps({"state": "PROGRESS", "meta": {"current": 3}})


def beat(database: Database, worker: str) -> dict[Attempt, Beaten]:
    return database.write(lambda c: claims.beat(c, worker=worker, lease=LEASE + SECOND))


def say(database: Database, claim: Claim, progress: str = SAID) -> None:
    database.write(lambda c: claims.write_progress(c, [(claim, progress)]))


def begin_anew(database: Database, over: Claim) -> Claim:
    """End it and purge it, though it was the newest; its worker has another task by then."""
    assert settle(database, ending(over, Status.SUCCEEDED))
    assert database.write(lambda connection: forget(connection, over.id))
    return claimed(database)


@pytest.mark.parametrize("status", ENDINGS)
def test_the_fence_of_a_purged_task_is_that_of_no_other(database: Database, status: Status) -> None:
    over = claimed(database)
    claim = begin_anew(database, over)
    assert (claim.attempt, claim.worker) == (over.attempt, over.worker)
    before = find(database, claim.id)
    say(database, over)
    assert not settle(database, ending(over, status))
    assert not reclaim(database, over)
    with database.read() as connection:
        assert find_held(connection, over.fence) is None
    assert find(database, claim.id) == before


@pytest.mark.parametrize("status", ENDINGS)
def test_an_attempt_is_ended_only_by_who_holds_it(database: Database, status: Status) -> None:
    claim = claimed(database)
    before = find(database, claim.id)
    for what, changes in STALE.items():
        stale = replace(claim, **changes)  # type: ignore[arg-type]
        assert not settle(database, ending(stale, status)), what
        assert not reclaim(database, stale), what
    assert find(database, claim.id) == before
    assert (attempts(database, claim.seq), counts(database)) == ([], {})
    assert settle(database, ending(claim, status))


def test_of_a_batch_of_successes_exactly_the_lost_ones_are_told(database: Database) -> None:
    add_many(database, 6)
    held = take(database, 6)
    settle(database, ending(held[1], Status.FAILED))
    reclaim(database, held[3])
    settle(database, ending(held[4], Status.QUEUED))
    take(database, worker="other")
    batch = [ending(claim, Status.SUCCEEDED) for claim in held]
    lost = database.write(lambda connection: finish.succeed(connection, batch, now=NOW))
    assert lost == [held[1], held[3], held[4]]
    statuses = [find(database, claim.id).status for claim in held]
    ok = Status.SUCCEEDED
    assert statuses == [ok, Status.FAILED, ok, Status.SCHEDULED, Status.RUNNING, ok]
    assert counts(database)["2026-11-21", "default", "app.add", "succeeded"] == 3


def test_a_success_that_another_worker_told_first_is_lost(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.QUEUED))
    [other] = take(database, worker="other")
    assert settle(database, ending(other, Status.SUCCEEDED, result='"theirs"'))
    assert not settle(database, ending(claim, Status.SUCCEEDED, result='"mine"'))
    assert find(database, claim.id).result == '"theirs"'


def test_a_batch_of_nothing_loses_nothing(database: Database) -> None:
    assert database.write(lambda connection: finish.succeed(connection, [], now=NOW)) == []


def test_a_second_release_by_the_first_worker_is_refused(database: Database) -> None:
    claim = claimed(database, worker="one")
    assert settle(database, ending(claim, Status.QUEUED))
    assert not settle(database, ending(claim, Status.QUEUED))
    [other] = take(database, worker="two")
    assert other.attempt == claim.attempt, "the number was given back, so the worker must tell"
    assert not settle(database, ending(claim, Status.QUEUED))
    assert find(database, claim.id).worker == "two"


def test_a_worker_that_gave_news_meanwhile_keeps_its_task(database: Database) -> None:
    claim = claimed(database)
    assert beat(database, claim.worker) == {claim.which: Beaten(cancel=False, terminate=False)}
    before = find(database, claim.id)
    assert not reclaim(database, claim)
    assert find(database, claim.id) == before
    assert reclaim(database, claim_of(before))


def test_what_was_seen_of_a_claim_says_nothing_of_the_next_one_of_its_attempt(
    database: Database,
) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.QUEUED))
    [again] = take(database)
    assert (again.which, again.worker) == (claim.which, claim.worker)
    assert not reclaim(database, claim)
    assert find(database, claim.id).status is Status.RUNNING
    assert reclaim(database, again)


def test_what_a_reclaimed_worker_brings_later_is_dropped(database: Database) -> None:
    claim = claimed(database)
    assert reclaim(database, claim, Status.FAILED)
    before = find(database, claim.id)
    for status in ENDINGS:
        assert not settle(database, ending(claim, status))
    assert find(database, claim.id) == before
    assert [row["outcome"] for row in attempts(database, claim.seq)] == ["lost"]


def test_a_heartbeat_extends_the_lease_of_its_own_worker_alone(database: Database) -> None:
    mine, theirs = claimed(database, worker="one"), claimed(database, worker="two")
    done = claimed(database, worker="one")
    settle(database, ending(done, Status.SUCCEEDED))
    cancel(database, mine.id)
    assert beat(database, "one") == {mine.which: Beaten(cancel=True, terminate=False)}
    assert (find(database, mine.id).heartbeat, find(database, theirs.id).heartbeat) == (2, 1)
    assert find(database, mine.id).lease_expires_at == LEASE + SECOND
    assert find(database, theirs.id).lease_expires_at == LEASE


def test_progress_lands_on_the_attempt_that_said_it(database: Database) -> None:
    claim = claimed(database)
    for changes in STALE.values():
        say(database, replace(claim, **changes))  # type: ignore[arg-type]
    assert find(database, claim.id).progress is None
    say(database, claim)
    assert find(database, claim.id).progress == SAID


@pytest.mark.parametrize("status", ENDINGS)
def test_progress_never_lands_on_an_attempt_that_is_over(
    database: Database, status: Status
) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, status))
    before = find(database, claim.id)
    say(database, claim)
    assert find(database, claim.id) == before


def test_progress_of_a_former_attempt_never_lands_on_the_next(database: Database) -> None:
    task = in_status(database, Status.FAILED)
    assert retry(database, task.id)
    [claim] = take(database)
    say(database, claim_of(task))
    assert (find(database, task.id).progress, claim.attempt) == (None, 2)
