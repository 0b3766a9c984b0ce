"""The statuses and the transitions between them, as data."""

from __future__ import annotations

import pytest

from taskrow.domain.task import FINAL, LIVE, TRANSITIONS, Status

BY_HAND = "retry by hand"


def test_there_are_six_statuses_and_each_is_live_or_final() -> None:
    names = ["scheduled", "queued", "running", "succeeded", "failed", "cancelled"]
    assert [str(status) for status in Status] == names
    assert set(Status) == FINAL | LIVE
    assert not FINAL & LIVE
    assert {status for status in Status if status.final} == FINAL


def test_a_status_reads_as_the_text_that_is_stored() -> None:
    assert f"{Status.QUEUED}" == "queued"
    assert Status("queued") is Status.QUEUED


@pytest.mark.parametrize("name", TRANSITIONS)
def test_a_transition_leaves_and_reaches_nothing_but_statuses(name: str) -> None:
    transition = TRANSITIONS[name]
    assert transition.leaves <= set(Status)
    assert transition.reaches <= set(Status)
    assert transition.reaches
    assert not transition.leaves & transition.reaches


def test_a_final_status_is_left_by_a_retry_by_hand_alone() -> None:
    leaving = {name for name, transition in TRANSITIONS.items() if transition.leaves & FINAL}
    assert leaving == {BY_HAND}
    assert TRANSITIONS[BY_HAND].leaves == FINAL


def test_only_submit_starts_from_nothing() -> None:
    assert [name for name, transition in TRANSITIONS.items() if not transition.leaves] == ["submit"]


def test_every_status_can_be_reached_and_left() -> None:
    assert set().union(*(t.reaches for t in TRANSITIONS.values())) == set(Status)
    assert set().union(*(t.leaves for t in TRANSITIONS.values())) == set(Status)


def test_every_status_leads_to_every_other_in_the_end() -> None:
    for start in Status:
        assert _reachable(start) == set(Status)


def _reachable(start: Status) -> set[Status]:
    found = {start}
    while True:
        steps = [t.reaches for t in TRANSITIONS.values() if t.leaves & found]
        wider = found.union(*steps)
        if wider == found:
            return found
        found = wider
