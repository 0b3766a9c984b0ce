"""How an attempt ends: in the words of a worker, and what should become of the row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial

from taskrow.domain.answer import Answer
from taskrow.engine import endings
from taskrow.engine.messages import (
    ANSWERED,
    CANCELLED,
    FAILED,
    SUCCEEDED,
    Report,
    encode_answer,
)
from taskrow.engine.queue import QueueEngine
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending
from tests.model.oracle import Model
from tests.model.rows import Held, Row

_DELAY = 5.0  # seconds until a retry, where it is not at once
_UNKNOWN_LATER = timedelta(seconds=10)

Say = Callable[[QueueEngine, Claim, datetime], Ending]
Should = Callable[[Model, Held, datetime], None]


def result_of(claim: Claim) -> str:
    """No two attempts have the same."""
    return json.dumps(f"attempt {claim.attempt} of {claim.worker}")


def _reports(kind: str, again: float | None = None) -> Say:
    def say(engine: QueueEngine, claim: Claim, now: datetime) -> Ending:
        error = {"type": "ValueError", "message": "no"}
        said = {"error": error, "traceback": "Traceback ...", "again": again, "limit": None}
        payload = result_of(claim) if kind == SUCCEEDED else json.dumps(said)
        if kind == ANSWERED:
            payload = json.dumps(encode_answer(Answer(200, (), b"")))
        return endings.ending_of(engine, claim, Report(kind, payload=payload), now)

    return say


SAID: Mapping[str, Say] = {
    "succeed": _reports(SUCCEEDED),
    "answer": _reports(ANSWERED),
    "fail": _reports(FAILED),
    "retry": _reports(FAILED, again=0.0),
    "retry later": _reports(FAILED, again=_DELAY),
    "stop": _reports(CANCELLED),
    "terminate": endings.terminated,
    "release": endings.released,
    "interrupt": lambda engine, claim, now: endings.interrupted(engine, claim, "it ended", now),
    "put back": lambda _, claim, now: endings.unknown(claim, now),
    "expire": endings.expired,
    "lose": lambda engine, claim, now: endings.lost(engine, claim, "it is gone", now),
}
AGAIN = ("retry", "release", "put back", "lose")  # after which it may run once more


def should_end(model: Model, held: Held, how: str, now: datetime) -> bool:
    """What comes of it when a worker ends an attempt; False: it was not the worker's any more."""
    row = held.row
    if not held.is_held:  # that a success is told twice is no loss
        return how == "succeed" and row.winner is held and row.id in model.rows
    _SHOULD[how](model, held, now)
    return True


def _over(model: Model, held: Held, status: str, now: datetime, end: tuple[str, str]) -> None:
    """For good. end: the outcome of the attempt, and the type of its error."""
    row = held.row
    row.ended[row.attempt] = end[0], held.claim.worker
    model.end(row, status, now)
    row.error = end[1]


def should_succeed(model: Model, held: Held, now: datetime, result: str | None) -> None:
    model.end(held.row, "succeeded", now)
    held.row.result, held.row.winner = result, held


def _succeed(model: Model, held: Held, now: datetime) -> None:
    should_succeed(model, held, now, result_of(held.claim))


def _answer(model: Model, held: Held, now: datetime) -> None:
    should_succeed(model, held, now, None)


def _fail(model: Model, held: Held, now: datetime) -> None:
    _over(model, held, "failed", now, ("failed", "ValueError"))


def _retry(model: Model, held: Held, now: datetime, delay: float = 0.0) -> None:
    row = held.row
    if row.cancel_requested_at is not None or row.count_ended("failed") >= row.retries:
        _fail(model, held, now)
        return
    row.ended[row.attempt] = "failed", held.claim.worker
    model.run_again(row, now + timedelta(seconds=delay))
    row.error = "ValueError"


def _stop(model: Model, held: Held, now: datetime) -> None:
    _over(model, held, "cancelled", now, ("cancelled", "ValueError"))


def _terminate(model: Model, held: Held, now: datetime) -> None:
    _over(model, held, "cancelled", now, ("cancelled", "Terminated"))


def _release(model: Model, held: Held, now: datetime) -> None:
    if held.asked:
        _over(model, held, "cancelled", now, ("cancelled", "Cancelled"))
    elif held.row.cancel_requested_at is not None:  # the worker has not heard of it
        _over(model, held, "cancelled", now, ("cancelled", "Cancelled"))
        held.row.error = None
    else:
        model.put_back(held.row, held)


def _interrupt(model: Model, held: Held, now: datetime) -> None:
    if held.row.crash_limit:
        _release(model, held, now)
    else:
        _over(model, held, "failed", now, ("lost", "WorkerLost"))


def _put_back(model: Model, held: Held, now: datetime) -> None:
    model.put_back(held.row, held, now + _UNKNOWN_LATER)
    held.row.error = "UnknownTask"


def _expire(model: Model, held: Held, now: datetime) -> None:
    row = held.row
    model.end(row, "cancelled", now)
    row.attempt -= 1
    row.error, row.started_at = "Expired", None


def _lose(model: Model, held: Held, now: datetime) -> None:
    should_lose(model, held.row, now, asked=held.asked)


def should_lose(model: Model, row: Row, now: datetime, *, asked: bool) -> None:
    """The worker is gone, or its process: it runs again, unless that has happened too often, or it
    was to stop. asked: whoever ends it knows that.
    """
    assert row.holder is not None
    too_often = (losses := row.count_ended("lost") + 1) > row.crash_limit
    if too_often or row.cancel_requested_at is not None:
        status = "failed" if too_often and not asked else "cancelled"
        _over(model, row.holder, status, now, ("lost", "WorkerLost"))
        return
    row.ended[row.attempt] = "lost", row.holder.claim.worker
    if losses == 1:
        model.run_again(row, now)
    else:
        least, most = 0.1, 2.0 ** (losses - 2)
        model.run_again(row, now + timedelta(seconds=least), jitter=most - least)
    row.error = "WorkerLost"


_SHOULD: Mapping[str, Should] = {
    "succeed": _succeed,
    "answer": _answer,
    "fail": _fail,
    "retry": _retry,
    "retry later": partial(_retry, delay=_DELAY),
    "stop": _stop,
    "terminate": _terminate,
    "release": _release,
    "interrupt": _interrupt,
    "put back": _put_back,
    "expire": _expire,
    "lose": _lose,
}
