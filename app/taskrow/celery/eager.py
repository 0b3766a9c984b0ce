"""``task.apply()``: a call that runs here and now, with its retries, and leaves no row."""

from __future__ import annotations

import json
import traceback
from typing import TYPE_CHECKING, Any

from taskrow.celery import states
from taskrow.celery.request import Running, running
from taskrow.celery.result import EagerResult
from taskrow.domain.asks import Cancel
from taskrow.domain.ids import new_id
from taskrow.domain.payload import decode_arguments_of, encode_result
from taskrow.engine.clock import utc_now
from taskrow.engine.context import TaskContext, TaskRequest
from taskrow.engine.kinds import completed_value
from taskrow.engine.retrying import propose

if TYPE_CHECKING:
    from taskrow.celery.task import Task

_LIMIT = 2**30  # bytes; nothing is stored


def run_here(task: Task[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> EagerResult:
    """Run a call as a worker would: its arguments and its result go through JSON."""
    text = task.function.encode_call(args, kwargs, limit=_LIMIT)
    task_id, options = new_id(utc_now()), task.function.options
    retries = 0
    while True:
        request = TaskRequest(
            id=task_id, name=task.name, attempt=retries + 1, retries=retries,
            max_retries=options.retries,
        )  # fmt: skip
        context = TaskContext(request)
        try:
            return EagerResult(task_id, _value(task, context, text), states.SUCCESS)
        except Cancel as error:
            return EagerResult(task_id, error, states.REVOKED)
        except Exception as error:  # noqa: BLE001 - it is the result
            proposal = propose(error, context, options)
            limit = options.retries if proposal.limit is None else proposal.limit
            if proposal.again is None or retries >= limit:
                said = "".join(traceback.format_exception(proposal.error))
                return EagerResult(task_id, proposal.error, states.FAILURE, said)
        retries += 1


def _value(task: Task[..., Any], context: TaskContext, text: str) -> Any:
    args, kwargs = decode_arguments_of(json.loads(text))
    with running(Running(task, context, args, kwargs, eager=True)):
        value = completed_value(task(*args, **kwargs), context)
    return json.loads(encode_result(value, limit=_LIMIT))
