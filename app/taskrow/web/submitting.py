"""Submitting from a ``TaskQueue``: many calls at once, and tasks whose function is elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, overload

from taskrow.engine.bulk import submit_calls
from taskrow.engine.by_name import send_by_name
from taskrow.engine.calls import Call, call_of
from taskrow.engine.functions import TaskFunction
from taskrow.engine.joining import Joinable
from taskrow.engine.queue import QueueEngine
from taskrow.engine.result import AsyncResult
from taskrow.errors import NotATaskError


class SubmitMethods:
    """What ``TaskQueue`` can submit beside ``delay`` and ``apply_async``."""

    def engine(self) -> QueueEngine:
        """The queue of the current application."""
        raise NotImplementedError

    @overload
    def submit_many(
        self, calls: Iterable[Call], /, *, session: Joinable | bool | None = None
    ) -> list[AsyncResult]: ...

    @overload
    def submit_many(
        self,
        function: TaskFunction[..., Any],
        arguments: Iterable[tuple[Any, ...]],
        /,
        *,
        session: Joinable | bool | None = None,
        **options: Any,
    ) -> list[AsyncResult]: ...

    def submit_many(
        self,
        what: Iterable[Call] | TaskFunction[..., Any],
        arguments: Iterable[tuple[Any, ...]] | None = None,
        /,
        *,
        session: Joinable | bool | None = None,
        **options: Any,
    ) -> list[AsyncResult]:
        """Submit many tasks in few transactions; returns their handles in the same order.

        ``submit_many(task.s(n) for n in range(9))``: calls of any functions; ``.set(queue="mail")``
        gives one of them options. ``submit_many(task, [(1, 2), (3, 4)], queue="mail")``: one
        function, its arguments as tuples, options of ``apply_async`` for all.

        All calls are checked before the first row is written: ArgumentsError, OptionError,
        NotATaskError and TaskExistsError mean that nothing was submitted. Rows are written a
        thousand at a time, each thousand all or none: PartlySubmittedError says which are in when
        the database fails later. With ``session=`` (as of ``apply_async``) all of them are part of
        the caller's transaction.
        """
        if isinstance(what, TaskFunction):
            calls: Iterable[Call] = (
                Call(what, args if type(args) is tuple else call_of(args, None)[0], {}, options)
                for args in call_of(arguments, None)[0]
            )
        elif arguments is not None or options:
            raise NotATaskError(f"submit_many takes a task function first, not {what!r:.100}")
        elif not isinstance(what, Iterable):
            raise NotATaskError(f"submit_many takes calls such as task.s(1, 2), not {what!r:.100}")
        else:
            calls = what
        return submit_calls(self.engine(), calls, session=session)

    def send_task(
        self,
        name: str,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Submit a task by the name of its function, which only its workers need to have.

        Options: those of ``apply_async``. What the function itself asks for is not known here, so
        ``at_most_once`` and ``crash_limit`` can be given too, and ``retries`` is 0 unless given.
        Where this process has the function, its options and its signature count. OptionError names
        a wrong name or option.
        """
        return send_by_name(self.engine(), name, args, kwargs, options)
