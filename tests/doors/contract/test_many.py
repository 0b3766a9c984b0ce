"""Many calls: map, wait and as_completed."""

from __future__ import annotations

import threading
import time
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    Executor,
    Future,
    as_completed,
    wait,
)
from pathlib import Path
from typing import Any

import pytest

from tests.apps.doors.tasks import add, echo_or_fail, fail, give, stand
from tests.doors.contract.pools import LONG, Pool, open_gate
from tests.doors.site import soon


def test_map_gives_results_in_the_order_of_the_arguments(pool: Executor) -> None:
    assert list(pool.map(add, range(10), range(10, 20))) == list(range(10, 30, 2))


def test_map_ends_with_the_shortest_iterable(pool: Executor) -> None:
    assert list(pool.map(add, [1, 2, 3], [10])) == [11]
    assert list(pool.map(give, [])) == []


def test_map_collects_its_iterables_and_submits_at_once(pool: Executor, tmp_path: Path) -> None:
    gates = [str(tmp_path / f"gate {n}") for n in range(2)]
    taken: list[str] = []
    results = pool.map(stand, (taken.append(gate) or gate for gate in gates))  # type: ignore[func-returns-value]
    assert taken == gates
    soon(lambda: all(Path(f"{gate}.running").exists() for gate in gates) or None)
    for gate in gates:
        open_gate(gate)
    assert list(results) == ["through", "through"]


def test_map_gives_a_result_as_soon_as_it_and_those_before_it_are_there(
    pool: Executor, tmp_path: Path
) -> None:
    gates = [str(tmp_path / f"gate {n}") for n in range(2)]
    results = pool.map(stand, gates)
    open_gate(gates[0])
    assert next(results) == "through"
    assert not Path(gates[1]).exists()
    open_gate(gates[1])
    assert next(results) == "through"
    with pytest.raises(StopIteration):
        next(results)


def test_map_raises_where_the_failure_is_and_then_ends(pool: Executor) -> None:
    results = pool.map(echo_or_fail, ["one", "value", "three"])
    assert next(results) == "one"
    with pytest.raises(ValueError, match="no"):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_the_timeout_of_map_counts_from_the_call(pool: Executor, gate: str) -> None:
    results = pool.map(stand, [gate], timeout=0.5)
    threading.Event().wait(0.5)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        next(results)
    assert time.monotonic() - began < 0.4


def test_the_timeout_of_map_may_be_zero_a_fraction_or_none(pool: Executor, gate: str) -> None:
    assert list(pool.map(add, [1], [2], timeout=None)) == [3]
    assert list(pool.map(add, [1], [2], timeout=LONG)) == [3]
    with pytest.raises(TimeoutError):
        next(pool.map(stand, [gate], timeout=0))


@pytest.mark.parametrize("chunksize", [1, 3, 100])
def test_chunks_change_nothing_that_can_be_seen(pool: Executor, chunksize: int) -> None:
    assert list(pool.map(add, range(10), range(10), chunksize=chunksize)) == list(range(0, 20, 2))


def test_wait_for_all(pool: Executor) -> None:
    futures = {pool.submit(give, number) for number in range(4)}
    assert wait(futures, LONG, ALL_COMPLETED) == (futures, set())
    assert wait([*futures, *futures], LONG).done == futures


def test_wait_for_the_first(pool: Executor, gate: str) -> None:
    slow, fast = pool.submit(stand, gate), pool.submit(give, "fast")
    assert wait([slow, fast], LONG, FIRST_COMPLETED) == ({fast}, {slow})


def test_wait_for_the_first_exception(pool: Executor, gate: str) -> None:
    slow, fine, bad = pool.submit(stand, gate), pool.submit(give, 1), pool.submit(fail, "value")
    wait([fine], LONG)
    done, waiting = wait([slow, fine, bad], LONG, FIRST_EXCEPTION)
    assert (done, waiting) == ({fine, bad}, {slow})


def test_wait_for_an_exception_that_does_not_come_waits_for_all(pool: Executor) -> None:
    futures = {pool.submit(give, number) for number in range(3)}
    assert wait(futures, LONG, FIRST_EXCEPTION).done == futures


def test_wait_gives_up_after_its_timeout_without_an_error(pool: Executor, gate: str) -> None:
    slow = pool.submit(stand, gate)
    assert wait([slow], 0.02) == (set(), {slow})


def test_wait_takes_a_cancelled_future_for_done(
    pool: Executor, blocked: list[Future[Any]], gate: str
) -> None:
    future = pool.submit(give, 1)
    future.cancel()
    open_gate(gate)  # threads take notice of it when they come by
    assert wait([future, *blocked], LONG).done == {future, *blocked}


def test_as_completed_gives_futures_as_they_end(pool: Executor, tmp_path: Path) -> None:
    gates = [str(tmp_path / f"gate {n}") for n in range(2)]
    futures = [pool.submit(stand, gate) for gate in gates]
    ended = as_completed([*futures, futures[0]], LONG)
    open_gate(gates[1])
    assert next(ended) is futures[1]
    open_gate(gates[0])
    assert next(ended) is futures[0]
    assert list(ended) == []


def test_as_completed_gives_first_what_has_ended_before(pool: Executor, gate: str) -> None:
    over, slow = pool.submit(give, 1), pool.submit(stand, gate)
    wait([over], LONG)
    assert next(as_completed([slow, over], LONG)) is over


def test_as_completed_raises_timeout_error(pool: Executor, gate: str) -> None:
    fast, slow = pool.submit(give, 1), pool.submit(stand, gate)
    wait([fast], LONG)
    ended = as_completed([fast, slow], 0.05)
    assert next(ended) is fast
    with pytest.raises(TimeoutError):
        next(ended)


def test_futures_of_two_executors_can_be_waited_for_together(new_pool: Pool) -> None:
    futures = {new_pool().submit(give, number) for number in range(2)}
    assert wait(futures, LONG).done == futures
    assert {future.result() for future in as_completed(futures, LONG)} == {0, 1}
