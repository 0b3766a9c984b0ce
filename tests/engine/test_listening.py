"""When to look at the rows, by what the bell says. (The bell itself: tests/storage.)"""

from __future__ import annotations

import pytest

from taskrow.engine.listening import Listener
from taskrow.storage.doorbell import Doorbell, Heard


class Bell(Doorbell):
    """It says what it is told to say, once."""

    fileno = 7

    def __init__(self) -> None:
        self.says = Heard.NOTHING

    def rang(self) -> Heard:
        said, self.says = self.says, Heard.NOTHING
        return said

    def close(self) -> None: ...


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def listener(bell: Bell) -> Listener:
    """One that has just looked."""
    listener = Listener(bell)
    assert listener.is_due(100.0)
    listener.found_nothing(100.0)
    return listener


def looks(listener: Listener, until: float, start: float) -> list[float]:
    """When it looks, in vain, where nobody disturbs it: milliseconds after ``start``."""
    found, now = [], start
    while (now := now + listener.timeout(now)) < until:
        if listener.is_due(now):
            found.append(round((now - start) * 1000, 2))
            listener.found_nothing(now)
    return found


def sure(listener: Listener) -> bool:
    return listener.is_sure


def test_nobody_rings_and_it_looks_once_a_second(listener: Listener) -> None:
    assert looks(listener, 103.5, 100.0) == [1000, 2000, 3000]


def test_a_commit_is_looked_at_at_once_and_once(listener: Listener, bell: Bell) -> None:
    bell.says = Heard.COMMIT
    assert listener.is_due(100.2)
    listener.found_nothing(100.2)
    assert looks(listener, 101.5, 100.2) == [1000]


def test_what_somebody_writes_is_looked_for_again_and_again(listener: Listener, bell: Bell) -> None:
    bell.says = Heard.WRITE
    assert not listener.is_due(100.2), "it cannot be read yet"
    first, then, *later = looks(listener, 101.0, 100.2)
    assert (first, then) == (1.0, 2.0)
    assert later == [4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]


def test_an_outsider_that_writes_all_the_time_does_not_make_it_look_all_the_time(
    listener: Listener, bell: Bell
) -> None:
    found, now = 0, 100.0
    while now < 101.0:
        bell.says = Heard.WRITE
        if listener.is_due(now):
            found += 1
            listener.found_nothing(now)
        now += 0.001
    assert found <= 500, "two in four milliseconds"


def test_what_is_written_soon_after_a_look_waits_for_no_more_than_a_short_rest(
    listener: Listener, bell: Bell
) -> None:
    bell.says = Heard.WRITE
    assert not listener.is_due(100.001)
    assert looks(listener, 100.009, 100.001) == [1.5, 4.0], "2.5 ms after the one before"


def test_where_commits_come_thick_it_rests_after_looks_that_cost(
    listener: Listener, bell: Bell
) -> None:
    found, now = 0, 100.2
    while now < 101.2:
        bell.says = Heard.COMMIT
        if listener.is_due(now):
            found += 1
            listener.found_nothing(now, cost=0.0001)
        else:
            assert listener.file(now) is None
        now += 0.0002
    assert 450 < found < 600, "2 ms for each, after some that are free"
    assert listener.file(now + 1) == 7


def test_it_is_sure_as_long_as_rings_are_worth_it(listener: Listener, bell: Bell) -> None:
    bell.says = Heard.COMMIT
    listener.is_due(100.2)
    assert sure(listener)
    listener.learn(found=False)
    bell.says = Heard.COMMIT
    listener.is_due(100.3)
    assert not sure(listener)
    listener.learn(found=True)
    bell.says = Heard.WRITE
    listener.is_due(100.4)
    assert not sure(listener), "that somebody writes is no commit"
    listener.learn(found=False)
    bell.says = Heard.COMMIT
    listener.is_due(100.5)
    assert sure(listener), "and it says nothing of what commits are worth"
