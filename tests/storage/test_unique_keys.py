"""A key that is held only while a task waits: let go by the claim, held again by a release."""

from __future__ import annotations

import pytest

from taskrow.domain.task import Status
from taskrow.storage.database import Database
from tests.storage.rows import add, claimed, ending, find, settle

WAITING, LIVING = "waiting:app.add", "task:app.add"


def test_a_claim_lets_go_of_it_and_a_release_takes_it_back(database: Database) -> None:
    claim = claimed(database, unique_key=WAITING)
    assert find(database, claim.id).unique_key is None
    assert settle(database, ending(claim, Status.QUEUED))
    assert find(database, claim.id).unique_key == WAITING


def test_a_key_that_was_taken_meanwhile_stays_with_the_other(database: Database) -> None:
    claim = claimed(database, unique_key=WAITING)
    other = add(database, unique_key=WAITING)
    assert settle(database, ending(claim, Status.QUEUED))
    task = find(database, claim.id)
    assert (task.status, task.attempt, task.unique_key) == (Status.QUEUED, 0, None)
    assert find(database, other).unique_key == WAITING


@pytest.mark.parametrize("status", [Status.SCHEDULED, Status.FAILED, Status.CANCELLED])
def test_an_attempt_that_was_made_does_not_bring_it_back(
    database: Database, status: Status
) -> None:
    claim = claimed(database, unique_key=WAITING)
    assert settle(database, ending(claim, status))
    assert find(database, claim.id).unique_key is None


@pytest.mark.parametrize("status", [Status.QUEUED, Status.SCHEDULED, Status.SUCCEEDED])
def test_a_key_for_life_is_kept(database: Database, status: Status) -> None:
    claim = claimed(database, unique_key=LIVING)
    assert find(database, claim.id).unique_key == LIVING
    assert settle(database, ending(claim, status))
    assert find(database, claim.id).unique_key == LIVING
