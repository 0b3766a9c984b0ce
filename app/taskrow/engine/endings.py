"""From what a runner reported, or from its silence, to how the attempt ends. The rules, no SQL."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from taskrow.domain import retry
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.domain.times import to_text
from taskrow.engine.messages import ANSWERED, CANCELLED, SUCCEEDED, Report, decode_answer
from taskrow.engine.retrying import may_retry, seconds_until_retry
from taskrow.errors import TaskTimeout
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

_UNKNOWN_LATER = timedelta(seconds=10)

# Why a supervisor ends the process of a task that is to blame.
TIMEOUT, COMMIT, TERMINATE = "timeout", "commit", "terminate"
_BLAME = {
    TIMEOUT: "ran longer than its timeout",
    COMMIT: "held up all other writers with its commit",
    TERMINATE: "was terminated",
}


def ending_of(engine: QueueEngine, claim: Claim, report: Report, now: datetime) -> Ending:
    """How an attempt ends whose runner has reported."""
    if report.kind == SUCCEEDED:
        purge_at = engine.purge_at(claim.name, Status.SUCCEEDED, now)
        return Ending(
            claim=claim, status=Status.SUCCEEDED, result=report.payload, purge_at=purge_at
        )
    said = json.loads(report.payload)
    if report.kind == ANSWERED:
        return _answered(engine, claim, said, now)
    if report.kind == CANCELLED:
        return _ended(engine, claim, Status.CANCELLED, outcome="cancelled", said=said, now=now)
    return _failed(engine, claim, said, now)


def lost(engine: QueueEngine, claim: Claim, what: str, now: datetime) -> Ending:
    """How an attempt ends whose process is gone; ``what`` says in words how it went."""
    said = _said("WorkerLost", what)
    if claim.cancel_requested_at is not None:
        return _ended(engine, claim, Status.CANCELLED, outcome="lost", said=said, now=now)
    run_at = retry.after_loss(
        losses=claim.losses + 1,
        crash_limit=_crash_limit(engine, claim),
        now=now,
        luck=random.random(),  # noqa: S311
    )
    if run_at is None:
        return _ended(engine, claim, Status.FAILED, outcome="lost", said=said, now=now)
    purge_at = engine.purge_at(claim.name, Status.CANCELLED, now)
    return _again(claim, run_at, "lost", said, purge_at)


def ended(engine: QueueEngine, claim: Claim, why: str, now: datetime) -> Ending:
    """How an attempt ends whose process was ended for it: TIMEOUT, COMMIT or TERMINATE."""
    if why == TERMINATE:
        return terminated(engine, claim, now)
    options = engine.options_of(claim.name)
    words = f"it ran longer than its timeout of {options.timeout or 0.0:g} s"
    if why == COMMIT:
        limit = engine.settings.busy_timeout
        words = f"its commit held up all other writers for {limit:g} s"
    said = _said("TaskTimeout", f"{words} and was ended")
    return _failed(engine, claim, said | {"again": _after_timeout(claim, options)}, now)


def terminated(engine: QueueEngine, claim: Claim, now: datetime) -> Ending:
    """An attempt that was to be stopped, and was: in the middle, or before it began."""
    said = _said("Terminated", "it was asked to stop and its process was ended")
    return _ended(engine, claim, Status.CANCELLED, outcome="cancelled", said=said, now=now)


def disturbed(engine: QueueEngine, claim: Claim, why: str, now: datetime) -> Ending:
    """An attempt whose process was ended for another task in it: TIMEOUT, COMMIT or TERMINATE."""
    what = f"another task in the threads of its runner {_BLAME[why]}"
    return interrupted(engine, claim, what, now)


def interrupted(engine: QueueEngine, claim: Claim, why: str, now: datetime) -> Ending:
    """An attempt that its worker itself cut short: it runs elsewhere, if it may run twice."""
    if _crash_limit(engine, claim):
        return released(engine, claim, now)
    said = _said("WorkerLost", f"{why} while it ran, and it may run only once")
    return _ended(engine, claim, Status.FAILED, outcome="lost", said=said, now=now)


def _crash_limit(engine: QueueEngine, claim: Claim) -> int:
    """How many lost workers a task survives; who submitted it by name may not have known."""
    return 0 if engine.options_of(claim.name).at_most_once else claim.crash_limit


def released(engine: QueueEngine, claim: Claim, now: datetime) -> Ending:
    """An attempt that was not begun, or may go on elsewhere: it is given back unharmed."""
    if claim.cancel_requested_at is not None:
        said = _said("Cancelled", "it was asked to stop before it could go on")
        return _ended(engine, claim, Status.CANCELLED, outcome="cancelled", said=said, now=now)
    purge_at = engine.purge_at(claim.name, Status.CANCELLED, now)
    return Ending(claim=claim, status=Status.QUEUED, purge_at=purge_at)


def unrunnable(engine: QueueEngine, claim: Claim, now: datetime) -> Ending | None:
    """How an attempt ends that is not begun at all; None: it can be run."""
    if engine.registry.find(claim.name) is None:
        return unknown(claim, now)
    return expired(engine, claim, now) if claim.is_expired(now) else None


def unknown(claim: Claim, now: datetime) -> Ending:
    """A name that this worker does not know: put back for later, with the reason in the row."""
    message = f"no worker knows {claim.name!r} yet; it runs when one does"
    error = json.dumps({"type": "UnknownTask", "message": message})
    return Ending(claim=claim, status=Status.SCHEDULED, error=error, run_at=now + _UNKNOWN_LATER)


def expired(engine: QueueEngine, claim: Claim, now: datetime) -> Ending:
    """A task that was claimed too late: it is never run."""
    said = _said("Expired", f"it was not started by {to_text(claim.expires_at or now)}")
    return _ended(engine, claim, Status.CANCELLED, outcome=None, said=said, now=now)


def _answered(engine: QueueEngine, claim: Claim, said: Mapping[str, Any], now: datetime) -> Ending:
    return Ending(
        claim=claim,
        status=Status.SUCCEEDED,
        answer=decode_answer(said),
        purge_at=engine.purge_at(claim.name, Status.SUCCEEDED, now),
    )


def _said(kind: str, message: str) -> dict[str, Any]:
    """What a runner that is gone cannot say any more."""
    return {"error": {"type": kind, "message": message}, "traceback": None}


def _failed(engine: QueueEngine, claim: Claim, said: Mapping[str, Any], now: datetime) -> Ending:
    run_at = _next_attempt(claim, said, now)
    if run_at is None:
        return _ended(engine, claim, Status.FAILED, outcome="failed", said=said, now=now)
    purge_at = engine.purge_at(claim.name, Status.FAILED, now)
    return _again(claim, run_at, "failed", said, purge_at)


def _after_timeout(claim: Claim, options: TaskOptions) -> float | None:
    """As a runner would propose, but that no function of the user's runs in this process."""
    if not may_retry(TaskTimeout, options):
        return None
    if callable(options.backoff):
        options = replace(options, backoff="exponential")
    return seconds_until_retry(TaskTimeout(), claim.failures + 1, options)


def _next_attempt(claim: Claim, said: Mapping[str, Any], now: datetime) -> datetime | None:
    """When to run again, as the runner proposed; None: not at all, or not any more."""
    if claim.cancel_requested_at is not None or said["again"] is None:
        return None
    limit = said.get("limit")
    return retry.after_failure(
        failures=claim.failures + 1,
        retries=claim.retries if limit is None else limit,
        now=now,
        delay=timedelta(seconds=said["again"]),
    )


def _again(
    claim: Claim, run_at: datetime, outcome: str, said: Mapping[str, Any], purge_at: datetime
) -> Ending:
    return Ending(
        claim=claim,
        status=Status.SCHEDULED,
        outcome=outcome,
        error=json.dumps(said["error"], ensure_ascii=False),
        traceback=said["traceback"],
        run_at=run_at,
        purge_at=purge_at,
    )


def _ended(
    engine: QueueEngine,
    claim: Claim,
    status: Status,
    *,
    outcome: str | None,
    said: Mapping[str, Any],
    now: datetime,
) -> Ending:
    answer = said.get("answer")
    return Ending(
        claim=claim,
        status=status,
        outcome=outcome,
        error=json.dumps(said["error"], ensure_ascii=False),
        traceback=said["traceback"],
        purge_at=engine.purge_at(claim.name, status, now),
        answer=decode_answer(answer) if isinstance(answer, dict) else None,
    )
