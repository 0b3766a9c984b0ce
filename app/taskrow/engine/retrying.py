"""Whether an exception leads to another attempt, and when: what a runner proposes.

It is the runner that decides, because the rules may be functions of the user's; the supervisor has
the last word on how often (engine/endings.py).
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskrow.domain.asks import Retry
from taskrow.domain.options import TaskOptions
from taskrow.domain.retry import backoff, delay
from taskrow.errors import DamagedTaskError, ResultError, RetriesExhausted, UnknownTaskError

if TYPE_CHECKING:
    from taskrow.engine.context import TaskContext

log = logging.getLogger("taskrow.runner")

# Another attempt would end as this one did.
_AGAIN_THE_SAME = ResultError, UnknownTaskError, DamagedTaskError


@dataclass(frozen=True)
class Proposal:
    """What the row shall show, and after how many seconds to run again; None: not at all.

    limit: how many retries there may be, instead of the task's own.
    """

    error: BaseException
    again: float | None = None
    limit: int | None = None


def propose(error: BaseException, context: TaskContext, options: TaskOptions) -> Proposal:
    """What to do about an exception that came out of a task function."""
    if isinstance(error, Retry):
        return _as_asked(error, context, options)
    if error is context.given_up or not may_retry(type(error), options):
        return Proposal(error)
    return Proposal(error, seconds_until_retry(error, context.request.retries + 1, options))


def may_retry(kind: type[BaseException], options: TaskOptions) -> bool:
    """Whether the options let an exception of this class lead to another attempt."""
    if issubclass(kind, _AGAIN_THE_SAME):
        return False
    return issubclass(kind, options.retry_on) and not issubclass(kind, options.never_retry_on)


def _as_asked(asked: Retry, context: TaskContext, options: TaskOptions) -> Proposal:
    request, reason = context.request, asked.reason
    limit = request.max_retries if asked.max_retries is None else asked.max_retries
    if request.retries >= limit:
        spent = RetriesExhausted(
            f"the task asked to be run again, but its {limit} retries are used"
        )
        return Proposal(reason or spent.with_traceback(asked.__traceback__))
    if asked.after is not None:
        return Proposal(reason or asked, asked.after, limit)
    after = seconds_until_retry(reason or asked, request.retries + 1, options)
    return Proposal(reason or asked, after, limit)


def seconds_until_retry(error: BaseException, failures: int, options: TaskOptions) -> float:
    """The delay by the function's backoff; where that goes wrong, by the default, with a word."""
    luck = random.random()  # noqa: S311
    try:
        wait = delay(
            options.backoff, options.backoff_cap, failures=failures, error=error, luck=luck
        )
    except BaseException:
        log.warning("a backoff function failed, so the default is used", exc_info=True)
        wait = backoff(failures - 1, luck, cap=options.backoff_cap)
    return wait.total_seconds()
