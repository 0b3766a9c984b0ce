"""The checker of histories notices each kind of wrong, and nothing in a right one."""

from __future__ import annotations

import pytest

from tests.faults.history import History, Told

DONE = Told("succeeded", 1, {"attempt": 1})


def right() -> History:
    """One task that ran once, and one that ran twice and had an effect."""
    history = History()
    for task_id in ("a", "b"):
        history.accepted(task_id)
    history.begun("a", 1)
    history.told("a", Told("running", 1))
    history.told("a", DONE)
    history.begun("b", 1)
    history.begun("b", 2)
    history.told("b", Told("succeeded", 2, "with effect"))
    return history


def test_a_right_history_has_nothing_wrong() -> None:
    assert right().wrongs(effects=["b"]) == []
    assert right().counts == {"succeeded": 2}
    assert right().second_attempts == 1


@pytest.mark.parametrize(
    ("effects", "wrong"),
    [
        ([], "b is Told"),
        (["b", "b"], "b had its effect 2 times"),
        (["a", "b"], "a is Told"),
    ],
)
def test_effects_that_are_missing_doubled_or_of_others(effects: list[str], wrong: str) -> None:
    assert any(said.startswith(wrong) for said in right().wrongs(effects))


def test_an_accepted_task_that_is_gone() -> None:
    history = right()
    history.accepted("c")
    assert history.wrongs() == ["c was accepted and is not there"]


def test_a_task_that_never_ends() -> None:
    history = right()
    history.accepted("c")
    history.told("c", Told("queued", 0))
    assert history.wrongs() == ["c is still queued"]


def test_an_end_that_changes() -> None:
    history = right()
    history.told("a", Told("failed", 1))
    assert any("a was Told" in wrong for wrong in history.wrongs())


def test_an_attempt_that_is_begun_twice() -> None:
    for attempts in ([1, 1], [1, 2, 1]):
        history = History()
        history.accepted("a")
        for attempt in attempts:
            history.begun("a", attempt)
        history.told("a", Told("succeeded", max(attempts)))
        assert history.wrongs() == [f"a was begun as attempts {attempts}"]


def test_an_end_of_an_attempt_that_was_overtaken() -> None:
    history = right()
    history.begun("a", 2)
    assert any("but 2 had begun" in wrong for wrong in history.wrongs())


def test_a_result_of_another_attempt() -> None:
    history = History()
    history.accepted("a")
    history.begun("a", 1)
    history.begun("a", 2)
    history.told("a", Told("succeeded", 2, {"attempt": 1}))
    assert history.wrongs() == ["a ended as attempt 2 with the result of 1"]
