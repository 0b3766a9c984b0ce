"""Submit many calls: all are checked and encoded first, then written a thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from taskrow.domain.checksum import checksum_of
from taskrow.domain.ids import new_ids
from taskrow.engine.calls import Call
from taskrow.engine.functions import check_submit_options
from taskrow.engine.joining import Joinable, connection_to_join
from taskrow.engine.result import AsyncResult
from taskrow.errors import (
    DatabaseError,
    NotATaskError,
    OptionError,
    PartlySubmittedError,
    TaskExistsError,
)
from taskrow.storage.bulk import submit_all
from taskrow.storage.given_ids import check_ids, is_about_id
from taskrow.storage.submit import NewTask, PlainRow, plain_row_of

if TYPE_CHECKING:
    from taskrow.engine.functions import TaskFunction
    from taskrow.engine.queue import QueueEngine

# The beginning of a row, which is each call's own.
_OWN = len(("id", "name", "args", "args_checksum"))

AT_ONCE = 1000  # rows in one transaction: some milliseconds, so that other submits get their turn
_TAKEN_MEANWHILE = "an id that was given to one of the tasks was taken meanwhile: it is used once"


def submit_calls(
    engine: QueueEngine,
    calls: Iterable[Call],
    *,
    at_once: int = AT_ONCE,
    session: Joinable | bool | None = None,
) -> list[AsyncResult]:
    """Submit calls; returns their handles in the same order.

    A call that is wrong (ArgumentsError, OptionError, NotATaskError), or whose id is taken
    (TaskExistsError), keeps all of them from being written. ``at_once`` rows are written together,
    all or none; PartlySubmittedError when the database fails after some of these transactions,
    DatabaseError when nothing was submitted. ``session``: as of ``apply_async``; its commit submits
    all of them.
    """
    now = engine.clock()
    rows = _Rows(engine, now)
    ready = rows.of(calls)
    ids: list[str] = []
    connection = connection_to_join(engine, session)
    write = engine.writing_on(connection)
    engine.limits.check(engine.unchecked_database, len(ready))
    if rows.given:
        write(partial(check_ids, given=rows.given))
    for start in range(0, len(ready), at_once):
        some = ready[start : start + at_once]
        try:
            ids += write(partial(_submit_all, rows=some, now=now))
        except (DatabaseError, TaskExistsError) as error:
            if not ids or connection is not None:
                raise
            raise PartlySubmittedError(
                f"{len(ids):,} of {len(ready):,} tasks were submitted, the others not: {error}",
                [AsyncResult(task_id, engine) for task_id in ids],
            ) from error
    if engine.eager and connection is None:
        engine.run_at_once(ids)
    return [AsyncResult(task_id, engine) for task_id in ids]


def _submit_all(
    connection: Connection, rows: Sequence[PlainRow | NewTask], now: datetime
) -> list[str]:
    try:
        return submit_all(connection, rows, now=now)
    except IntegrityError as error:
        if not is_about_id(error):
            raise
        raise TaskExistsError(_TAKEN_MEANWHILE) from None


class _Rows:
    """Makes rows of calls. What the calls of a function have in common is made once."""

    def __init__(self, engine: QueueEngine, now: datetime) -> None:
        self._engine, self._now = engine, now
        self._limit = engine.settings.max_payload
        self._patterns: dict[tuple[TaskFunction[..., Any], int], PlainRow | None] = {}
        self._alive: list[object] = []  # what has such an id keeps it
        self.given: list[NewTask] = []  # those whose caller gave them an id

    def of(self, calls: Iterable[Call]) -> list[PlainRow | NewTask]:
        parts = [self._part(call) for call in calls]
        ids = new_ids(self._now, len(parts))
        return [
            part if isinstance(part, NewTask) else (task_id, *part)
            for part, task_id in zip(parts, ids, strict=True)
        ]

    def _part(self, call: Call) -> PlainRow | NewTask:
        """A row without its id; or the task, where it is not like others."""
        if not isinstance(call, Call):
            raise NotATaskError(f"submit_many takes calls such as task.s(1, 2), not {call!r:.100}")
        function = call.function
        key = function, id(call.options)
        if key not in self._patterns:
            self._patterns[key] = self._pattern(call)
            self._alive.append(call.options)
        if (pattern := self._patterns[key]) is None:
            return self._own_task(call)
        args = function.encode_call(call.args, call.kwargs, self._limit)
        return (function.name, args, checksum_of(args), *pattern)

    def _own_task(self, call: Call) -> NewTask:
        task = self._new_task(call)
        if call.options.get("task_id") is not None:
            self.given.append(task)
        return task

    def _pattern(self, call: Call) -> PlainRow | None:
        """What all calls with these options end with; None where each has a key of its own."""
        check_submit_options(call.options)
        if call.options.get("session") is not None:
            raise OptionError("session is one for all: give it to submit_many")
        if call.has_key:
            return None
        return plain_row_of(self._new_task(call), self._now)[_OWN:]

    def _new_task(self, call: Call) -> NewTask:
        given = call.args, dict(call.kwargs)
        return call.function.new_task(self._engine, given, call.options, now=self._now)
