"""The thread that stands in line for another one."""

from __future__ import annotations

import threading
import time

import pytest

from taskrow.errors import DatabaseBusyError
from taskrow.storage.standin import StandIn
from tests.support.processes import eventually


def soon(seconds: float = 0.05) -> float:
    return time.monotonic() + seconds


@pytest.fixture
def lock() -> threading.Lock:
    return threading.Lock()


@pytest.fixture
def stand_in(lock: threading.Lock) -> StandIn:
    return StandIn(lock.acquire, lock.release)  # type: ignore[arg-type]


def test_what_it_waited_for_belongs_to_whoever_sent_it(
    stand_in: StandIn, lock: threading.Lock
) -> None:
    for _ in range(3):
        stand_in.wait(soon(5))
        assert lock.locked()
        assert not stand_in.is_in_line
        lock.release()


def test_who_gives_up_finds_it_in_line_still(stand_in: StandIn, lock: threading.Lock) -> None:
    lock.acquire()
    for _ in range(2):
        with pytest.raises(DatabaseBusyError):
            stand_in.wait(soon())
        assert stand_in.is_in_line
    threading.Timer(0.05, lock.release).start()
    stand_in.wait(soon(5))
    assert lock.locked()


def test_what_comes_when_nobody_waits_is_given_back(
    stand_in: StandIn, lock: threading.Lock
) -> None:
    lock.acquire()
    with pytest.raises(DatabaseBusyError):
        stand_in.wait(soon())
    lock.release()
    eventually(lambda: not stand_in.is_in_line)
    assert not lock.locked()


def test_it_says_farewell_when_it_is_out_of_the_line(
    stand_in: StandIn, lock: threading.Lock
) -> None:
    gone = threading.Event()
    lock.acquire()
    with pytest.raises(DatabaseBusyError):
        stand_in.wait(soon())
    stand_in.dismiss(gone.set)
    assert not gone.is_set()
    lock.release()
    assert gone.wait(30)
    assert not lock.locked()


def test_where_nobody_waited_the_farewell_is_said_at_once(stand_in: StandIn) -> None:
    gone: list[bool] = []
    stand_in.dismiss(lambda: gone.append(True))
    other = threading.Lock()
    used = StandIn(other.acquire, other.release)  # type: ignore[arg-type]
    used.wait(soon(5))
    used.dismiss(lambda: gone.append(True))
    assert gone == [True, True]
