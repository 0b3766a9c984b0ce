"""Run one call and say what came of it, as data. Nothing that a task does gets out of here."""

from __future__ import annotations

import json
import time
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from taskrow.domain.answer import Answer, AnsweredWithError
from taskrow.domain.payload import decode_arguments_of, encode_result
from taskrow.engine.alarm import SoftLimit
from taskrow.engine.context import TaskContext, TaskRequest
from taskrow.engine.messages import (
    ANSWERED,
    CANCELLED,
    FAILED,
    SUCCEEDED,
    Assignment,
    Report,
    encode_answer,
)
from taskrow.errors import CancelRequested, ResultError, UnknownTaskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskrow.engine.queue import QueueEngine

_LONGEST_TRACEBACK = 64 * 1024
_LONGEST_MESSAGE = 4 * 1024


def run_assignment(
    engine: QueueEngine,
    assignment: Assignment,
    report: Callable[[str], None],
    check: Callable[[], None],
) -> Report:
    """Run what was assigned. ``report`` takes its progress, ``check`` raises if it should stop."""
    began = time.perf_counter()
    said = Report("", assignment.seq, assignment.attempt)
    try:
        kind, payload = _run(engine, assignment, report, check)
    except CancelRequested as error:
        kind, payload = CANCELLED, _failure(error, again=False)
    except AnsweredWithError as error:
        kind, payload = FAILED, _failed_answer(error)
    except (ResultError, UnknownTaskError) as error:
        kind, payload = FAILED, _failure(error, again=False)
    except BaseException as error:  # noqa: BLE001 - SystemExit too: the runner lives on
        kind, payload = FAILED, _failure(error, again=True)
    ms = (time.perf_counter() - began) * 1000
    return replace(said, kind=kind, ms=ms, payload=payload)


def _run(
    engine: QueueEngine,
    assignment: Assignment,
    report: Callable[[str], None],
    check: Callable[[], None],
) -> tuple[str, str]:
    call = json.loads(assignment.call)
    args, kwargs = decode_arguments_of(call["args"])
    request = TaskRequest(
        id=call["id"], name=call["name"], attempt=assignment.attempt, retries=call["failures"]
    )
    runnable = engine.registry.get(request.name)
    soft_timeout = runnable.options.soft_timeout
    if soft_timeout is None:
        value = runnable.run(engine, TaskContext(request, report, check), args, kwargs)
    else:
        with SoftLimit(soft_timeout) as limit:
            context = TaskContext(request, limit.reporting(report), limit.checking(check))
            value = runnable.run(engine, context, args, kwargs)
    if isinstance(value, Answer):
        return ANSWERED, json.dumps(encode_answer(value))
    return SUCCEEDED, encode_result(value, limit=engine.settings.max_payload)


def _failed_answer(error: AnsweredWithError) -> str:
    return _failure(error.__cause__ or error, again=False, answer=encode_answer(error.answer))


def _failure(error: BaseException, *, again: bool, answer: dict[str, Any] | None = None) -> str:
    """A failure as JSON: the error, its traceback, and whether another attempt makes sense."""
    return json.dumps(
        {
            "error": {"type": _type_name(error), "message": _message(error)},
            "traceback": _clean(_trace(error))[-_LONGEST_TRACEBACK:],
            "again": again,
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
    return _clean(text)[:_LONGEST_MESSAGE]


def _trace(error: BaseException) -> str:
    """The traceback from the user's code on; the frames of taskrow in front tell nothing."""
    frames = error.__traceback__
    while frames is not None and _is_ours(frames.tb_frame.f_code.co_filename):
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames or error.__traceback__))


def _is_ours(file: str) -> bool:
    return "/taskrow/engine/" in file.replace("\\", "/")


def _clean(text: str) -> str:
    """Text that both databases can store: no NUL, no lone surrogate."""
    return text.replace("\0", "\\0").encode(errors="backslashreplace").decode()
