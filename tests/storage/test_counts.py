"""The running totals are right after each kind of ending."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection

from taskrow.domain.task import Status
from taskrow.storage import finish
from taskrow.storage.counts import add_counts
from taskrow.storage.database import Database
from tests.storage.rows import (
    NOW,
    SECOND,
    add,
    add_many,
    cancel,
    claimed,
    counts,
    ending,
    in_status,
    retry,
    settle,
    take,
)
from tests.storage.transitions import reclaim

DAY = "2026-11-21"
ENDED = [Status.SUCCEEDED, Status.FAILED, Status.CANCELLED]


def total(database: Database) -> dict[str, int]:
    return {status: n for (_, _, _, status), n in counts(database).items()}


@pytest.mark.parametrize("status", ENDED)
def test_an_attempt_that_ends_its_task_counts_once(database: Database, status: Status) -> None:
    claim = claimed(database, name="app.mail", queue="mail")
    settle(database, ending(claim, status))
    settle(database, ending(claim, Status.FAILED))
    assert counts(database) == {(DAY, "mail", "app.mail", str(status)): 1}


@pytest.mark.parametrize("status", [Status.FAILED, Status.CANCELLED])
def test_a_reclaim_that_ends_its_task_counts_once(database: Database, status: Status) -> None:
    claim = claimed(database)
    assert reclaim(database, claim, status)
    assert not reclaim(database, claim, status)
    assert total(database) == {status: 1}


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SCHEDULED])
def test_a_cancel_before_the_run_counts_once(database: Database, status: Status) -> None:
    task = in_status(database, status)
    cancel(database, task.id)
    cancel(database, task.id)
    assert total(database) == {"cancelled": 1}


def test_what_only_changes_a_live_task_counts_nothing(database: Database) -> None:
    settle(database, ending(claimed(database), Status.SCHEDULED))
    settle(database, ending(claimed(database), Status.QUEUED))
    reclaim(database, take(database)[0])
    cancel(database, claimed(database).id)
    assert counts(database) == {}


def test_a_batch_counts_by_queue_and_name(database: Database) -> None:
    add_many(database, 3)
    add_many(database, 2, name="app.mail")
    batch = [ending(claim, Status.SUCCEEDED) for claim in take(database, 5)]
    database.write(lambda connection: finish.succeed(connection, batch, now=NOW))
    assert counts(database) == {
        (DAY, "default", "app.add", "succeeded"): 3,
        (DAY, "default", "app.mail", "succeeded"): 2,
    }


def test_a_task_that_is_retried_by_hand_counts_each_time(database: Database) -> None:
    task = in_status(database, Status.FAILED)
    retry(database, task.id)
    settle(database, ending(take(database)[0], Status.SUCCEEDED))
    assert total(database) == {"failed": 1, "succeeded": 1}


def test_the_day_is_that_of_utc(database: Database) -> None:
    for now in (datetime(2026, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC), NOW):
        settle(database, ending(claimed(database), Status.SUCCEEDED), now)
    assert sorted(day for day, *_ in counts(database)) == [DAY, "2026-12-31"]


def test_a_write_that_is_undone_counts_nothing(database: Database) -> None:
    add(database)
    [claim] = take(database)

    def write(connection: Connection) -> None:
        finish.succeed(connection, [ending(claim, Status.SUCCEEDED)], now=NOW + SECOND)
        raise RuntimeError("undo it")

    with pytest.raises(RuntimeError, match="undo it"):
        database.write(write)
    assert counts(database) == {}


def test_no_ending_at_all_writes_nothing(database: Database) -> None:
    database.write(lambda connection: add_counts(connection, [], NOW))
    assert counts(database) == {}
