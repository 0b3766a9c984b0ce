"""Every transition is guarded by the statuses it leaves: called on another row, nothing changes."""

from __future__ import annotations

import pytest

from taskrow.domain.task import TRANSITIONS, Status
from taskrow.storage.database import Database
from tests.storage.rows import (
    NOW,
    SECOND,
    attempts,
    claim_of,
    counts,
    ending,
    find,
    in_status,
    settle,
)
from tests.storage.transitions import TRIES


def test_every_transition_of_a_row_is_tried_here() -> None:
    assert set(TRIES) == set(TRANSITIONS) - {"submit"}


@pytest.mark.parametrize("name", TRIES)
def test_a_transition_leaves_its_statuses_for_those_it_can_reach(
    database: Database, name: str
) -> None:
    for status in TRANSITIONS[name].leaves:
        task = in_status(database, status, queue=str(status))
        assert TRIES[name](database, task), status
        assert find(database, task.id).status in TRANSITIONS[name].reaches


@pytest.mark.parametrize("name", TRIES)
def test_from_any_other_status_it_changes_nothing_and_says_so(
    database: Database, name: str
) -> None:
    others = set(Status) - TRANSITIONS[name].leaves
    if name == "cancel":  # a running task is asked to stop instead
        others -= {Status.RUNNING}
    for status in others:
        task = in_status(database, status, queue=str(status))
        before = counts(database), attempts(database, task.seq)
        if (name, status) == ("succeed", Status.SUCCEEDED):
            continue  # told below
        assert not TRIES[name](database, task), status
        assert find(database, task.id) == task
        assert (counts(database), attempts(database, task.seq)) == before


def test_a_success_that_is_told_twice_is_kept_and_counted_once(database: Database) -> None:
    task = in_status(database, Status.SUCCEEDED)
    before = counts(database)
    again = ending(claim_of(task), Status.SUCCEEDED)
    assert settle(database, again, NOW + SECOND), "its own success is not a lost claim"
    assert find(database, task.id) == task
    assert counts(database) == before
