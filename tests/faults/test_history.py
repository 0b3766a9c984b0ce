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


@pytest.mark.parametrize(("attempt", "begun"), [(7, []), (2, [1])])
def test_a_success_that_never_began(attempt: int, begun: list[int]) -> None:
    history = History()
    history.accepted("a")
    for one in begun:
        history.begun("a", one)
    history.told("a", Told("succeeded", attempt))
    assert history.wrongs() == [f"a succeeded as attempt {attempt}, which never began"]


def test_a_task_that_is_lost_or_cancelled_need_not_have_begun() -> None:
    history = History()
    for task_id, told in (("a", Told("failed", 1)), ("b", Told("cancelled", 0))):
        history.accepted(task_id)
        history.told(task_id, told)
    assert history.wrongs(attempts=[("a", 1, "lost")]) == []


@pytest.mark.parametrize(
    "reads",
    [
        ["scheduled 0", "queued 0", "running 1", "scheduled 1", "running 2", "failed 2"],
        ["running 1", "queued 0", "running 1", "succeeded 1"],  # released, and claimed again
        ["running 2", "scheduled 1", "running 4", "running 4", "cancelled 3"],  # put back; expired
        ["queued 0", "succeeded 1"],  # nobody looked meanwhile
        ["running 1", "queued 3", "cancelled 3"],
    ],
)
def test_reads_that_a_task_explains(reads: list[str]) -> None:
    assert _read(reads) == []


@pytest.mark.parametrize(
    "reads",
    [
        ["running 3", "running 0"],
        ["running 2", "running 1"],
        ["running 2", "queued 0"],
        ["queued 1", "queued 0"],
        ["scheduled 1", "running 1"],
        ["queued 1", "succeeded 1"],  # it could only be a second time
        ["running 2", "failed 1"],
        ["running 0"],
        ["succeeded 0"],
        ["succeeded 1", "running 2"],
        ["failed 1", "queued 1"],
    ],
)
def test_reads_that_go_back(reads: list[str]) -> None:
    wrong = f"was {_told(reads[-2]) if len(reads) > 1 else Told('scheduled', 0)}"
    assert _read(reads) == [f"a {wrong} and is {_told(reads[-1])}"]


def _told(words: str) -> Told:
    status, attempt = words.split()
    return Told(status, int(attempt))


def _read(reads: list[str]) -> list[str]:
    """What is wrong with a task of which this was read, whose every attempt began."""
    history = History()
    history.accepted("a")
    for told in map(_told, reads):
        history.told("a", told)
    for attempt in range(_told(reads[-1]).attempt + 1):
        history.begun("a", attempt)
    return history.wrongs(is_over=False)


def _ended(status: str, attempt: int, begun: list[int]) -> History:
    history = History()
    history.accepted("a")
    for one in begun:
        history.begun("a", one)
    history.told("a", Told(status, attempt))
    return history


@pytest.mark.parametrize(
    ("history", "outcomes"),
    [
        (_ended("succeeded", 3, [1, 3]), ["failed", "lost"]),  # the second died before it began
        (_ended("succeeded", 1, [1]), []),
        (_ended("failed", 2, [2]), ["lost", "failed"]),
        (_ended("cancelled", 1, [1]), ["failed"]),  # while it waited for its second
    ],
)
def test_attempts_of_which_each_is_recorded(history: History, outcomes: list[str]) -> None:
    assert history.wrongs(attempts=_recorded(outcomes)) == []


@pytest.mark.parametrize(
    ("history", "outcomes"),
    [
        (_ended("succeeded", 5, [1, 5]), ["lost"]),  # and what became of the second?
        (_ended("succeeded", 5, [1, 5]), []),
        (_ended("succeeded", 1, [1]), ["lost"]),  # it has two ends
        (_ended("failed", 2, [1, 2]), ["failed"]),
        (_ended("cancelled", 1, [1]), ["lost", "lost"]),
    ],
)
def test_attempts_that_do_not_rise_by_one(history: History, outcomes: list[str]) -> None:
    [wrong] = history.wrongs(attempts=_recorded(outcomes))
    assert "the attempts that did not succeed are" in wrong


def test_a_failure_of_an_attempt_that_never_began() -> None:
    history = _ended("succeeded", 2, [2])
    wrong = "a failed as attempt 1, which never began"
    assert history.wrongs(attempts=[("a", 1, "failed")]) == [wrong]


def _recorded(outcomes: list[str]) -> list[tuple[str, int, str]]:
    return [("a", number + 1, outcome) for number, outcome in enumerate(outcomes)]
