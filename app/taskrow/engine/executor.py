"""A ``concurrent.futures.Executor`` whose work is rows: it survives what the threads would not."""

from __future__ import annotations

import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from taskrow.domain.ids import new_id
from taskrow.engine.bulk import AT_ONCE, submit_calls
from taskrow.engine.calls import Call
from taskrow.engine.functions import TaskFunction, check_submit_options, check_submit_values
from taskrow.engine.futures import TaskFuture
from taskrow.engine.jobs import Job
from taskrow.engine.stored_futures import StoredFutures, stored_key, taken
from taskrow.errors import NotATaskError, OptionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine
    from taskrow.engine.result import AsyncResult

P = ParamSpec("P")
R = TypeVar("R")

# A future is waited for; what an open transaction holds would not come to an end.
_ALONE = {"session": False}

DoneCallback = Callable[[Future[Any]], object]
Register = Callable[..., Any]  # ``TaskQueue.task``


class QueueExecutor(Executor):
    """``submit``, ``map`` and ``shutdown`` over the queue. A task outlives executor and process.

    Called with options of ``apply_async`` (``queue.executor(queue="mail", retries=2)``) it gives an
    executor that submits with these.
    """

    def __init__(
        self,
        find_engine: Callable[[], QueueEngine],
        register: Register,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self._find_engine, self._register = find_engine, register
        self._options = dict(options or {})
        self._callbacks: list[DoneCallback] = []
        self._futures: weakref.WeakSet[TaskFuture] = weakref.WeakSet()
        self._changing = threading.Condition()
        self._open, self._submitting = True, 0

    def __call__(self, **options: Any) -> QueueExecutor:
        """An executor with these options beside its own. OptionError names a wrong one."""
        if "session" in options:
            raise OptionError("a future is waited for, so an executor joins no session")
        both = self._options | options
        check_submit_options(both)
        check_submit_values(both)
        return QueueExecutor(self._find_engine, self._register, both)

    # -- concurrent.futures.Executor ---

    def submit(self, fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> TaskFuture:
        """Submit a call of a task function.

        NotATaskError for any other function, ArgumentsError for a wrong call; RuntimeError after
        ``shutdown``.
        """
        function = _task_function(fn)
        with self._while_open():
            return self._future_of(function.submit(args, kwargs, self._options | _ALONE))

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = AT_ONCE,
        buffersize: int | None = None,
    ) -> Iterator[Any]:
        """Submit a call for each set of arguments; their results come in order, as they are there.

        ``timeout``: seconds from now until the last result must have come; TimeoutError after that.
        ``chunksize``: how many calls are written in one transaction. ``buffersize``: how many are
        submitted ahead of the results that were taken (as since Python 3.14); None: all. Calls that
        have not begun when the iterator is given up are cancelled.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1")
        _check_buffersize(buffersize)
        deadline = None if timeout is None else timeout + time.monotonic()
        function = _task_function(fn)
        calls = (Call(function, args, {}, self._options) for args in zip(*iterables))  # noqa: B905

        def submit_next(count: int | None) -> list[TaskFuture]:
            return self._submit_calls(islice(calls, count), chunksize)

        futures = deque(submit_next(buffersize))
        more = None if buffersize is None else partial(submit_next, 1)
        return _in_order(futures, more, deadline)

    def _submit_calls(self, calls: Iterable[Call], at_once: int) -> list[TaskFuture]:
        with self._while_open():
            results = submit_calls(self._find_engine(), calls, at_once=at_once, session=False)
            return [self._future_of(result) for result in results]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more; wait for what was submitted here, or cancel what has not started."""
        with self._changing:
            self._open = False
            while self._submitting:
                self._changing.wait()
        futures = list(self._futures)
        if cancel_futures:
            for future in futures:
                future.cancel()
        if wait:
            _wait_for(futures)

    # -- Flask-Executor ---

    @property
    def futures(self) -> StoredFutures:
        """The futures that were stored under a key, in this process or in any other."""
        return StoredFutures(self._find_engine)

    def submit_stored(
        self, key: str, fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs
    ) -> TaskFuture:
        """Submit a call, and store its future under a key. ValueError when the key is taken."""
        function, kept = _task_function(fn), stored_key(key)
        with self._while_open():
            engine = self._find_engine()
            own_id = new_id(engine.clock())
            result = function.submit(
                args, kwargs, self._options | _ALONE | {"task_id": own_id}, idempotency_key=kept
            )
            if result.id != own_id:
                raise taken(key)
            return self._future_of(result)

    @overload
    def job(self, function: Callable[P, R], /) -> Job[P, R]: ...

    @overload
    def job(self, /, **options: Any) -> Callable[[Callable[P, R]], Job[P, R]]: ...

    def job(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Register a function as a task and give it ``submit``, ``submit_stored`` and ``map``.

        Bare, or with the options of ``@queue.task``.
        """

        def decorate(function: Callable[..., Any]) -> Job[..., Any]:
            return Job(self, self._register(**options)(function))

        return decorate if function is None else decorate(function)

    def add_default_done_callback(self, callback: DoneCallback) -> None:
        """Have each future that is submitted here from now on call this when it is done."""
        self._callbacks.append(callback)

    # ---

    @contextmanager
    def _while_open(self) -> Iterator[None]:
        """A submit that has begun is waited for by ``shutdown``; submits do not wait in line."""
        with self._changing:
            if not self._open:
                raise RuntimeError("cannot submit after shutdown")
            self._submitting += 1
        try:
            yield
        finally:
            with self._changing:
                self._submitting -= 1
                self._changing.notify_all()

    def _future_of(self, result: AsyncResult) -> TaskFuture:
        future = TaskFuture(result.id, self._find_engine())
        self._futures.add(future)
        for callback in self._callbacks:
            future.add_done_callback(callback)
        return future


def _task_function(fn: Callable[..., Any]) -> TaskFunction[..., Any]:
    found = fn.task if isinstance(fn, Job) else fn
    if isinstance(found, TaskFunction):
        return found
    name = getattr(fn, "__qualname__", repr(fn))
    raise NotATaskError(
        f"{name} is not a task function, so a worker could not find it: "
        "put @queue.task above its definition"
    )


def _check_buffersize(buffersize: int | None) -> None:
    if buffersize is not None and not isinstance(buffersize, int):
        raise TypeError("buffersize must be an integer or None")
    if buffersize is not None and buffersize < 1:
        raise ValueError("buffersize must be None or > 0")


def _in_order(
    futures: deque[TaskFuture], more: Callable[[], list[TaskFuture]] | None, deadline: float | None
) -> Iterator[Any]:
    """The results, one after the other; no future is held longer than it is needed.

    ``more`` submits the next call for each result that is asked for.
    """
    try:
        while futures:
            if more is not None:
                futures.extend(more())
            left = None if deadline is None else deadline - time.monotonic()
            yield _result_or_cancel(futures.popleft(), left)
    finally:
        for future in futures:
            future.cancel()


def _result_or_cancel(future: TaskFuture, timeout: float | None) -> Any:
    try:
        return future.result(timeout)
    finally:
        future.cancel()


def _wait_for(futures: list[TaskFuture]) -> None:
    wait(futures)
