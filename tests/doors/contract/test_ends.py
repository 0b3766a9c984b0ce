"""The end of an executor, and its place in an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import (
    Executor,
    Future,
)
from typing import Any

import pytest

from tests.apps.doors.tasks import add, fail, give, stand
from tests.doors.contract.pools import LONG, Pool, open_gate


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
