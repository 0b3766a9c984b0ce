"""The documented contract of ``concurrent.futures``: what a user of any executor may expect.

Each test runs against ``ThreadPoolExecutor`` too, with as many threads as our worker has runners;
so these are the standard library's own expectations, not ours.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    FIRST_EXCEPTION,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    as_completed,
    wait,
)
from pathlib import Path
from typing import Any

import pytest

from tests.apps.doors.tasks import add, echo, echo_or_fail, fail, give, queue, stand
from tests.doors.conftest import KINDS
from tests.doors.site import Site, soon
from tests.support.processes import eventually
from tests.support.rows import runs

Pool = Callable[[], Executor]
LONG = 30.0


@pytest.fixture(params=["threads", *KINDS])
def new_pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    """Makes executors that run two calls at a time."""
    if request.param == "threads":
        yield lambda: ThreadPoolExecutor(2)
        return
    site: Site = request.getfixturevalue(f"{request.param}_site")
    with site.app.app_context():
        yield lambda: queue.executor


@pytest.fixture
def pool(new_pool: Pool) -> Executor:
    return new_pool()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[str]:
    """What :func:`stand` waits for; open when the test is over."""
    yield str(tmp_path / "gate")
    (tmp_path / "gate").touch()


@pytest.fixture
def blocked(pool: Executor, gate: str) -> list[Future[Any]]:
    """Two calls that run until the gate is open, so that whatever is submitted next waits."""
    futures = [pool.submit(stand, gate) for _ in range(2)]
    eventually(lambda: runs(Path(f"{gate}.running")) == 2)  # a future may say so before it runs
    threading.Event().wait(0.2)  # a worker learns that they are long, and hands out no more
    return futures


def open_gate(gate: str) -> None:
    Path(gate).touch()


# -- submit ------------------------------------------------------------------------------------


def test_submit_returns_a_future_at_once_whose_result_is_the_return_value(
    pool: Executor, gate: str
) -> None:
    future = pool.submit(stand, gate)
    assert isinstance(future, Future)
    assert not future.done()
    open_gate(gate)
    assert future.result(LONG) == "through"


def test_arguments_are_passed_on_whatever_their_names(pool: Executor) -> None:
    future = pool.submit(echo, 1, 2, fn="fn", self="self", args="args", timeout=3)
    said = future.result(LONG)
    assert list(said["args"]) == [1, 2]
    assert said["kwargs"] == {"fn": "fn", "self": "self", "args": "args", "timeout": 3}


def test_a_finished_future_is_done_and_nothing_else(pool: Executor) -> None:
    future = pool.submit(add, 1, b=2)
    assert future.result(LONG) == 3
    assert (future.done(), future.running(), future.cancelled()) == (True, False, False)
    assert future.exception() is None
    assert future.result(0) == 3  # as often as one likes


def test_a_running_future_says_so(blocked: list[Future[Any]]) -> None:
    assert [(f.running(), f.done(), f.cancelled()) for f in blocked] == [(True, False, False)] * 2


def test_what_waits_is_not_running(pool: Executor, blocked: list[Future[Any]]) -> None:
    future = pool.submit(give, "x")
    assert (future.running(), future.done(), future.cancelled()) == (False, False, False)
    future.cancel()


# -- exceptions --------------------------------------------------------------------------------


def test_what_the_call_raises_is_raised_by_result(pool: Executor) -> None:
    with pytest.raises(ValueError, match=r"^no$"):
        pool.submit(fail, "value").result(LONG)
    with pytest.raises(KeyError, match="lost"):
        pool.submit(fail, "key", words="lost").result(LONG)


def test_what_the_call_raises_is_returned_by_exception(pool: Executor) -> None:
    future = pool.submit(fail, "value", "no")
    error = future.exception(LONG)
    assert isinstance(error, ValueError)
    assert error.args == ("no",)
    assert (future.done(), future.cancelled()) == (True, False)


def test_one_that_fails_leaves_the_others_alone(pool: Executor) -> None:
    futures = [pool.submit(fail, "value"), pool.submit(give, 1), pool.submit(fail, "key")]
    assert [future.exception(LONG) is None for future in futures] == [False, True, False]


def test_result_and_exception_raise_timeout_error_and_the_call_goes_on(
    pool: Executor, gate: str
) -> None:
    future = pool.submit(stand, gate)
    for ask in (future.result, future.exception):
        with pytest.raises(TimeoutError):
            ask(timeout=0.02)
        with pytest.raises(TimeoutError):
            ask(0)
    open_gate(gate)
    assert future.result(LONG) == "through"


# -- cancel ------------------------------------------------------------------------------------


def test_what_waits_can_be_cancelled_and_is_never_run(
    pool: Executor, blocked: list[Future[Any]], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    future = pool.submit(stand, str(other))
    assert future.cancel()
    assert future.cancel()  # and again
    assert (future.cancelled(), future.done(), future.running()) == (True, True, False)
    for ask in (future.result, future.exception):
        with pytest.raises(CancelledError):
            ask(LONG)
    open_gate(str(tmp_path / "gate"))
    wait(blocked, LONG)
    assert pool.submit(give, "after it").result(LONG) == "after it"
    assert not other.with_name("other.running").exists()


def test_what_runs_or_is_over_cannot_be_cancelled(
    pool: Executor, blocked: list[Future[Any]], gate: str
) -> None:
    assert not blocked[0].cancel()
    assert not blocked[0].cancelled()
    open_gate(gate)
    assert blocked[0].result(LONG) == "through"
    assert not blocked[0].cancel()
    assert not blocked[0].cancelled()


# -- callbacks ---------------------------------------------------------------------------------


def test_callbacks_are_called_with_the_future_in_the_order_in_which_they_were_added(
    pool: Executor, gate: str
) -> None:
    called: list[tuple[int, Future[Any]]] = []
    future = pool.submit(stand, gate)
    for number in range(3):
        future.add_done_callback(lambda f, number=number: called.append((number, f)))  # type: ignore[misc]
    assert called == []
    open_gate(gate)
    assert soon(lambda: called if len(called) == 3 else None) == [(n, future) for n in range(3)]


def test_a_callback_that_comes_too_late_is_called_at_once(pool: Executor) -> None:
    future, called = pool.submit(give, "x"), list[Any]()
    future.result(LONG)
    soon(lambda: future.done() or None)
    future.add_done_callback(called.append)
    assert called == [future]


def test_callbacks_are_called_when_the_future_is_cancelled(
    pool: Executor, blocked: list[Future[Any]]
) -> None:
    future, called = pool.submit(give, "x"), list[bool]()
    future.add_done_callback(lambda f: called.append(f.cancelled()))
    assert future.cancel()
    assert called == [True]


def test_what_a_callback_raises_is_logged_and_ignored(
    pool: Executor, gate: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: Future[Any]) -> None:
        raise ArithmeticError("in the callback")

    future, called = pool.submit(stand, gate), threading.Event()
    future.add_done_callback(broken)
    future.add_done_callback(lambda _: called.set())
    with caplog.at_level(logging.ERROR, logger="concurrent.futures"):
        open_gate(gate)
        assert called.wait(LONG)
    assert future.result(0) == "through"
    assert "ArithmeticError: in the callback" in caplog.text


# -- map ---------------------------------------------------------------------------------------


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
    results = pool.map(stand, [gate], timeout=0.05)
    threading.Event().wait(0.05)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        next(results)
    assert time.monotonic() - began < 0.05


def test_the_timeout_of_map_may_be_zero_a_fraction_or_none(pool: Executor, gate: str) -> None:
    assert list(pool.map(add, [1], [2], timeout=None)) == [3]
    assert list(pool.map(add, [1], [2], timeout=LONG)) == [3]
    with pytest.raises(TimeoutError):
        next(pool.map(stand, [gate], timeout=0))


@pytest.mark.parametrize("chunksize", [1, 3, 100])
def test_chunks_change_nothing_that_can_be_seen(pool: Executor, chunksize: int) -> None:
    assert list(pool.map(add, range(10), range(10), chunksize=chunksize)) == list(range(0, 20, 2))


# -- wait and as_completed ---------------------------------------------------------------------


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


# -- shutdown ----------------------------------------------------------------------------------


def test_shutdown_waits_for_what_was_submitted(pool: Executor) -> None:
    futures = [pool.submit(give, number) for number in range(5)]
    pool.shutdown()
    assert [future.done() for future in futures] == [True] * 5


def test_shutdown_waits_for_what_nobody_holds_any_more(pool: Executor, gate: str) -> None:
    pool.submit(stand, gate)
    over = threading.Event()

    def shut_down() -> None:
        pool.shutdown()
        over.set()

    thread = threading.Thread(target=shut_down)
    thread.start()
    assert not over.wait(0.1)
    open_gate(gate)
    assert over.wait(LONG)
    thread.join()


def test_the_block_of_an_executor_ends_when_all_is_done(new_pool: Pool) -> None:
    with new_pool() as pool:
        futures = [pool.submit(give, number) for number in range(5)]
    assert [future.done() for future in futures] == [True] * 5
    with pytest.raises(RuntimeError):
        pool.submit(give, 1)


def test_shutdown_without_waiting_returns_at_once_and_all_is_done_in_the_end(
    pool: Executor, gate: str
) -> None:
    futures = [pool.submit(stand, gate) for _ in range(4)]
    pool.shutdown(wait=False)
    assert not any(future.done() for future in futures)
    open_gate(gate)
    assert [future.result(LONG) for future in futures] == ["through"] * 4


def test_shutdown_cancels_what_waits_when_asked_and_waits_for_what_runs(
    pool: Executor, blocked: list[Future[Any]], gate: str
) -> None:
    waiting = [pool.submit(give, number) for number in range(3)]
    pool.shutdown(wait=False, cancel_futures=True)
    assert [future.cancelled() for future in waiting] == [True] * 3
    assert [future.done() for future in blocked] == [False] * 2
    open_gate(gate)
    pool.shutdown()
    assert [future.result(0) for future in blocked] == ["through"] * 2


def test_after_shutdown_nothing_is_taken(pool: Executor) -> None:
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(give, 1)
    with pytest.raises(RuntimeError):
        pool.map(give, [1])
    pool.shutdown()  # and again


# -- asyncio -----------------------------------------------------------------------------------


def test_a_future_can_be_awaited(pool: Executor) -> None:
    async def ask() -> Any:
        future = asyncio.wrap_future(pool.submit(add, 1, 2))
        failing = asyncio.wrap_future(pool.submit(fail, "value"))
        return await future, await asyncio.gather(failing, return_exceptions=True)

    result, [error] = asyncio.run(ask())
    assert result == 3
    assert isinstance(error, ValueError)


def test_cancelling_the_awaited_future_cancels_the_call(
    pool: Executor, blocked: list[Future[Any]]
) -> None:
    future = pool.submit(give, 1)

    async def cancel() -> None:
        wrapped = asyncio.wrap_future(future)
        wrapped.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wrapped

    asyncio.run(cancel())
    assert future.cancelled()


def test_an_event_loop_can_run_calls_in_it(pool: Executor) -> None:
    async def run() -> int:
        return await asyncio.get_running_loop().run_in_executor(pool, add, 1, 2)

    assert asyncio.run(run()) == 3
