"""One call: submit, its outcome, cancel, callbacks."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import (
    CancelledError,
    Executor,
    Future,
    wait,
)
from pathlib import Path
from typing import Any

import pytest

from tests.apps.doors.tasks import add, echo, fail, give, stand
from tests.doors.contract.pools import LONG, open_gate
from tests.doors.site import soon


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
