"""Task functions: what ``@queue.task`` makes of a function."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from taskrow.domain.options import TaskOptions
from taskrow.domain.payload import encode_arguments
from taskrow.engine.committing import check_session, commit_directly
from taskrow.engine.context import Line, TaskContext, TaskRequest
from taskrow.engine.joining import Joinable, connection_to_join
from taskrow.engine.result import AsyncResult
from taskrow.errors import ArgumentsError, OptionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

P = ParamSpec("P")
R = TypeVar("R")


class TaskFunction(Generic[P, R]):
    """A function that can be submitted. Called like a function, it runs here and now."""

    def __init__(
        self,
        function: Callable[..., R],
        *,
        name: str | None,
        bind: bool,
        options: TaskOptions,
        find_engine: Callable[[], QueueEngine],
    ) -> None:
        functools.update_wrapper(self, function)
        self.function, self.bind, self.options = function, bind, options
        self.name = name or default_name(function)
        self._find_engine = find_engine
        self._signature = _submitted_signature(function, bind)

    @property
    def engine(self) -> QueueEngine:
        """The queue that submits go to: that of the current application."""
        return self._find_engine()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        line = Line(
            commit=lambda work, *_: commit_directly(self.engine, work),
            check_session=lambda session: check_session(self.engine, session),
        )
        context = TaskContext(TaskRequest(name=self.name, called_directly=True), line)
        returned = self._call(context, list(args), dict(kwargs))
        return context.committed_result if context.committed else returned

    def delay(self, *args: P.args, **kwargs: P.kwargs) -> AsyncResult:
        """Submit a call. ArgumentsError (a TypeError) when it does not fit or is not JSON."""
        return self.apply_async(args, kwargs)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
        session: Joinable | bool | None = None,
    ) -> AsyncResult:
        """Submit a call with options for this one task.

        countdown: seconds from now; eta: a time with a zone; not both. queue, priority: instead of
        the function's own. session: an SQLAlchemy session (or connection) of the same database,
        whose commit submits the task; False: none, whatever TASKROW_JOIN_SESSION says.
        """
        text, options, run_at = self.prepare(
            args, kwargs, countdown=countdown, eta=eta, queue=queue, priority=priority
        )
        engine = self.engine
        connection = connection_to_join(engine, session)
        task_id = engine.submit(self.name, text, options, run_at=run_at, connection=connection)
        return AsyncResult(task_id, engine)

    def prepare(
        self,
        args: Iterable[Any] | None,
        kwargs: Mapping[str, Any] | None,
        *,
        countdown: float | None,
        eta: datetime | None,
        queue: str | None,
        priority: int | None,
    ) -> tuple[str, TaskOptions, datetime | None]:
        """Check a call that is about to be submitted: its JSON text, its options, when it is due.

        ArgumentsError, OptionError.
        """
        args, kwargs = tuple(args or ()), dict(kwargs or {})
        self._check_call(args, kwargs)
        engine = self.engine
        text = encode_arguments(args, kwargs, limit=engine.settings.max_payload)
        return text, self._options_for(queue, priority), _run_at(engine.clock(), countdown, eta)

    def AsyncResult(self, task_id: str) -> AsyncResult:  # noqa: N802 - Celery's spelling
        """The handle of a task that was submitted before."""
        return AsyncResult(task_id, self.engine)

    def run(
        self, engine: QueueEngine, context: TaskContext, args: list[Any], kwargs: dict[str, Any]
    ) -> R:
        """Run the function in the application's context: what a runner does."""
        with engine.around():
            return self._call(context, args, kwargs)

    def encode_call(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, limit: int) -> str:
        """The JSON text of a call. ArgumentsError when it does not fit or is not JSON."""
        self._check_call(args, kwargs)
        return encode_arguments(args, kwargs, limit=limit)

    def _call(self, context: TaskContext, args: list[Any], kwargs: dict[str, Any]) -> R:
        return (
            self.function(context, *args, **kwargs) if self.bind else self.function(*args, **kwargs)
        )

    def _options_for(self, queue: str | None, priority: int | None) -> TaskOptions:
        if queue is None and priority is None:
            return self.options
        own = self.options
        return replace(
            own,
            queue=own.queue if queue is None else queue,
            priority=own.priority if priority is None else priority,
        )

    def _check_call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError as error:
            raise ArgumentsError(f"{self.name}() cannot be called so: {error}") from None


def default_name(function: Callable[..., Any]) -> str:
    """``module.function``; of a script that is run as ``__main__``, the name it is imported by."""
    module = function.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name if spec else Path(file).stem if file else module
    return f"{module}.{function.__qualname__}".replace("<locals>.", "")


def _submitted_signature(function: Callable[..., Any], bind: bool) -> inspect.Signature:
    signature = inspect.signature(function)
    if not bind:
        return signature
    parameters = list(signature.parameters.values())
    if not parameters:
        raise OptionError(
            f"{function.__qualname__} has bind=True but no first parameter to take the task"
        )
    return signature.replace(parameters=parameters[1:])


def _run_at(now: datetime, countdown: float | None, eta: datetime | None) -> datetime | None:
    if countdown is not None and eta is not None:
        raise OptionError("give a countdown or an eta, not both")
    if countdown is not None:
        return _after(now, countdown)
    if eta is not None and (not isinstance(eta, datetime) or eta.tzinfo is None):
        raise OptionError(f"eta must be a time with a zone, such as datetime.now(UTC), not {eta!r}")
    return None if eta is None else eta.astimezone(UTC)


def _after(now: datetime, countdown: float) -> datetime:
    try:
        if isinstance(countdown, bool):
            raise TypeError
        return now + timedelta(seconds=countdown)
    except (TypeError, ValueError, OverflowError):  # no number, NaN, after the year 9999
        raise OptionError(f"countdown must be seconds, not {countdown!r}") from None
