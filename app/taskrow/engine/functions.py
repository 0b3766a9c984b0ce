"""Task functions: what ``@queue.task`` makes of a function."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from taskrow.domain.checks import refuse_unknown
from taskrow.domain.ids import is_id
from taskrow.domain.options import TaskOptions
from taskrow.domain.payload import encode_arguments
from taskrow.domain.unique import checked_key, full_key, key_by_rule
from taskrow.engine.calls import NOTHING, Call, call_of
from taskrow.engine.clock import utc_now
from taskrow.engine.committing import DirectLine
from taskrow.engine.context import TaskContext, TaskRequest
from taskrow.engine.joining import Joinable, connection_to_join
from taskrow.engine.kinds import check_kind, completed_value
from taskrow.engine.moments import expires_at, run_at
from taskrow.engine.result import AsyncResult
from taskrow.engine.signatures import Arguments
from taskrow.errors import ArgumentsError, NoApplicationError, OptionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.submit import NewTask

P = ParamSpec("P")
R = TypeVar("R")

_OF_FUNCTIONS = ("queue", "priority", "retries")  # options of functions that one task can have


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
        check_kind(function)
        functools.update_wrapper(self, function)
        self.function, self.bind, self.options = function, bind, options
        self.name = name or default_name(function)
        self._find_engine = find_engine
        self._arguments = Arguments(function, bind=bind)

    @property
    def signature(self) -> inspect.Signature:
        """What its calls are bound to: without the task of a bound function."""
        return self._arguments.signature

    @property
    def engine(self) -> QueueEngine:
        """The queue that submits go to: that of the current application."""
        return self._find_engine()

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        line = DirectLine(lambda: self.engine)
        context = TaskContext(TaskRequest(name=self.name, called_directly=True), line)
        returned = self._call(context, list(args), dict(kwargs))
        return context.committed_result if context.committed else returned

    def delay(self, /, *args: P.args, **kwargs: P.kwargs) -> AsyncResult:
        """Submit a call. ArgumentsError (a TypeError) when it does not fit or is not JSON."""
        return self.submit(args, kwargs, NOTHING)

    def apply_async(
        self,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        *,
        countdown: float | None = None,
        eta: datetime | None = None,
        expires: float | timedelta | datetime | None = None,
        queue: str | None = None,
        priority: int | None = None,
        retries: int | None = None,
        unique_key: str | None = None,
        task_id: str | None = None,
        session: Joinable | bool | None = None,
    ) -> AsyncResult:
        """Submit a call with options for this one task.

        countdown: seconds from now; eta: a time with a zone; not both. expires: seconds from now,
        or a time with a zone, after which it is not started any more. queue, priority, retries:
        instead of the function's own. unique_key: instead of its ``unique`` rule; where a live task
        holds the key, nothing is written and the result is that task's. task_id: an id that was
        made before (a UUIDv7). session: an SQLAlchemy session (or connection) of the same database,
        whose commit submits the task; False: none, whatever TASKROW_JOIN_SESSION says.
        OptionError names what is wrong, ArgumentsError the argument; TaskExistsError: the id is
        taken; DatabaseError: nothing was submitted.
        """
        options = {
            "countdown": countdown,
            "eta": eta,
            "expires": expires,
            "queue": queue,
            "priority": priority,
            "retries": retries,
            "unique_key": unique_key,
            "task_id": task_id,
            "session": session,
        }
        return self.submit(args, kwargs, options)

    def submit(
        self,
        args: Iterable[Any] | None,
        kwargs: Mapping[str, Any] | None,
        options: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
    ) -> AsyncResult:
        """``apply_async`` with its options as a mapping.

        Where a task holds the ``idempotency_key``, nothing is written and the result is that one's.
        """
        call = call_of(args, kwargs)
        try:
            engine = self.engine
        except NoApplicationError:
            self._check_call(*call)  # a wrong call is wrong anywhere
            raise
        now = engine.clock()
        task = self.new_task(engine, call, options, now=now, idempotency_key=idempotency_key)
        connection = connection_to_join(engine, options.get("session"))
        return AsyncResult(engine.write(task, now=now, connection=connection), engine)

    def s(self, /, *args: P.args, **kwargs: P.kwargs) -> Call:
        """A call that is not submitted yet: for ``queue.submit_many``."""
        return Call(self, args, kwargs, NOTHING)

    def new_task(
        self,
        engine: QueueEngine,
        call: tuple[tuple[Any, ...], dict[str, Any]],
        options: Mapping[str, Any],
        *,
        now: datetime,
        idempotency_key: str | None = None,
    ) -> NewTask:
        """The row of a call with options of :meth:`apply_async`, which is not written yet."""
        given = {name: value for name, value in options.items() if value is not None}
        return engine.new_task(
            self.name,
            self.encode_call(*call, engine.settings.max_payload),
            self._options_for(given),
            now=now,
            owner=engine.owner(),
            unique_key=self._unique_key(*call, given.get("unique_key")),
            idempotency_key=idempotency_key,
            **(_of_this_task(given, now) if given else {}),
        )

    def AsyncResult(self, task_id: str) -> AsyncResult:  # noqa: N802 - Celery's spelling
        """The handle of a task that was submitted before."""
        return AsyncResult(task_id, self.engine)

    def run(
        self, engine: QueueEngine, context: TaskContext, args: list[Any], kwargs: dict[str, Any]
    ) -> R:
        """Run the function in the application's context: what a runner does."""
        with engine.around():
            return completed_value(self._call(context, args, kwargs), context)  # type: ignore[no-any-return]

    def encode_call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], limit: int) -> str:
        """The JSON text of a call. ArgumentsError when it does not fit or is not JSON."""
        self._check_call(args, kwargs)
        return encode_arguments(args, kwargs, limit=limit)

    def _call(self, context: TaskContext, args: list[Any], kwargs: dict[str, Any]) -> R:
        return (
            self.function(context, *args, **kwargs) if self.bind else self.function(*args, **kwargs)
        )

    def _options_for(self, given: Mapping[str, Any]) -> TaskOptions:
        own = {name: given[name] for name in _OF_FUNCTIONS if name in given} if given else None
        return replace(self.options, **own) if own else self.options

    def _unique_key(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], given: str | None
    ) -> str | None:
        options = self.options
        if given is not None:
            key: str | None = checked_key("unique_key", given)
        elif options.unique is None:
            return None
        else:
            key = key_by_rule(options.unique, self.signature, args, kwargs)
        return None if key is None else full_key(self.name, key, options.unique_until)

    def _check_call(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        try:
            self._arguments.check(args, kwargs)
        except TypeError as error:
            raise ArgumentsError(f"{self.name}() cannot be called so: {error}") from None


def _of_this_task(given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What options say of one task alone, as :meth:`QueueEngine.new_task` takes it."""
    return {
        "run_at": run_at(now, given.get("countdown"), given.get("eta")),
        "expires_at": expires_at(now, given.get("expires")),
        "task_id": _checked_id(given.get("task_id")),
    }


def check_submit_options(given: Iterable[str], *others: str) -> None:
    """OptionError names what is no option of ``apply_async`` and none of the others."""
    parameters = inspect.signature(TaskFunction.apply_async).parameters.values()
    known = [*(p.name for p in parameters if p.kind is p.KEYWORD_ONLY), *others]
    refuse_unknown(given, known, "option of a submit")


def check_submit_values(given: Mapping[str, Any]) -> None:
    """OptionError for an option of ``apply_async`` that would be wrong with any function."""
    own = ("queue", "priority", "retries")
    replace(TaskOptions(), **{key: given[key] for key in own if given.get(key) is not None})
    now = utc_now()
    run_at(now, given.get("countdown"), given.get("eta"))
    expires_at(now, given.get("expires"))
    _checked_id(given.get("task_id"))
    if given.get("unique_key") is not None:
        checked_key("unique_key", given["unique_key"])


def default_name(function: Callable[..., Any]) -> str:
    """``module.function``; of a script that is run as ``__main__``, the name it is imported by."""
    module = function.__module__
    if module == "__main__":
        main = sys.modules["__main__"]
        spec, file = getattr(main, "__spec__", None), getattr(main, "__file__", None)
        module = spec.name if spec else Path(file).stem if file else module
    return f"{module}.{function.__qualname__}".replace("<locals>.", "")


def _checked_id(task_id: str | None) -> str | None:
    if task_id is not None and not (isinstance(task_id, str) and is_id(task_id)):
        raise OptionError(
            "task_id must be a UUIDv7 in lower case with hyphens, such as "
            f"01a1fe44-2752-7936-a944-307166b7cf25, not {task_id!r}"
        )
    return task_id
