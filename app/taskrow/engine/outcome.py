"""Run one call and say what came of it, as data. Nothing that a task does gets out of here."""

from __future__ import annotations

import json
import time
import traceback
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from taskrow.domain.answer import Answer, AnsweredWithError
from taskrow.domain.asks import Cancel
from taskrow.domain.checksum import check_unchanged
from taskrow.domain.options import TaskOptions
from taskrow.domain.payload import decode_arguments_of, encode_result
from taskrow.domain.text import storable
from taskrow.engine.alarm import SoftLimit
from taskrow.engine.context import Line, TaskContext, TaskRequest
from taskrow.engine.messages import (
    ANSWERED,
    CANCELLED,
    FAILED,
    OVER,
    SUCCEEDED,
    Assignment,
    Report,
    decode_call,
    encode_answer,
)
from taskrow.engine.retrying import Proposal, propose
from taskrow.errors import CancelRequested
from taskrow.storage.schedules import due_time_of

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine
    from taskrow.engine.registry import Runnable

_DEFAULTS, _NOT_YET = TaskOptions(), TaskContext(TaskRequest())
_LONGEST_TRACEBACK = 64 * 1024
_LONGEST_MESSAGE = 4 * 1024


def run_assignment(engine: QueueEngine, assignment: Assignment, line: Line) -> Report:
    """Run what was assigned, with a line to whoever did."""
    began = time.perf_counter()
    call = _Call(engine)
    try:
        kind, payload = call.run(assignment, line)
    except (CancelRequested, Cancel) as error:
        kind, payload = CANCELLED, _failure(Proposal(error))
    except AnsweredWithError as error:
        kind, payload = FAILED, _failed_answer(error)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the runner lives on
        kind, payload = FAILED, _failure(propose(error, call.context, call.options))
    if call.context.committed:
        kind, payload = OVER, "" if kind in (SUCCEEDED, ANSWERED) else payload
    ms = (time.perf_counter() - began) * 1000
    return Report(kind, assignment.seq, assignment.attempt, ms, payload)


class _Call:
    """One call of a task function, and what is known of it when it goes wrong."""

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine
        self.context = _NOT_YET
        self.options = _DEFAULTS

    def run(self, assignment: Assignment, line: Line) -> tuple[str, str]:
        """Run what was assigned; returns how to report it."""
        call = decode_call(assignment.call)
        check_unchanged("arguments", call.checksum, call.arguments)
        args, kwargs = decode_arguments_of(json.loads(call.arguments))
        runnable = self._engine.registry.get(call.name)
        self.options = runnable.options
        find_due_at = partial(_due_time_of, self._engine, call.id)
        request = TaskRequest(
            call.id,
            call.name,
            assignment.attempt,
            call.failures,
            call.retries,
            find_due_at=find_due_at,
        )
        value = self._run_within_limit(runnable, request, line, (args, kwargs))
        if self.context.committed:  # then what it returned is nobody's, and need not be JSON
            return SUCCEEDED, ""
        if isinstance(value, Answer):
            return ANSWERED, json.dumps(encode_answer(value))
        return SUCCEEDED, encode_result(value, limit=self._engine.settings.max_payload)

    def _run_within_limit(
        self,
        runnable: Runnable,
        request: TaskRequest,
        line: Line,
        arguments: tuple[list[Any], dict[str, Any]],
    ) -> Any:
        soft_timeout = self.options.soft_timeout
        if soft_timeout is None:
            self.context = TaskContext(request, line)
            return runnable.run(self._engine, self.context, *arguments)
        with SoftLimit(soft_timeout) as limit:
            self.context = TaskContext(request, limit.guard(line))
            return runnable.run(self._engine, self.context, *arguments)


def _due_time_of(engine: QueueEngine, task_id: str) -> datetime | None:
    with engine.database.read() as connection:
        return due_time_of(connection, task_id)


def _failed_answer(error: AnsweredWithError) -> str:
    return _failure(Proposal(error.__cause__ or error), answer=encode_answer(error.answer))


def _failure(proposal: Proposal, answer: dict[str, Any] | None = None) -> str:
    """A failure as JSON: the error, its traceback, and whether and when to run again."""
    error = proposal.error
    return json.dumps(
        {
            "error": {"type": _type_name(error), "message": _message(error)},
            "traceback": storable(_trace(error))[-_LONGEST_TRACEBACK:],
            "again": proposal.again,
            "limit": proposal.limit,
            "answer": answer,
        }
    )


def _type_name(error: BaseException) -> str:
    kind = type(error)
    plain = kind.__module__ in ("builtins", "__main__") or kind.__module__.startswith("taskrow.")
    return kind.__qualname__ if plain else f"{kind.__module__}.{kind.__qualname__}"


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException as broken:  # noqa: BLE001 - an exception may fail even at this
        text = f"(its message cannot be read: str() raised {type(broken).__qualname__})"
    return storable(text)[:_LONGEST_MESSAGE]


def _trace(error: BaseException) -> str:
    """The traceback from the user's code on; the frames of taskrow in front tell nothing."""
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))


def _is_ours(file: str) -> bool:
    return "/taskrow/engine/" in file.replace("\\", "/")
