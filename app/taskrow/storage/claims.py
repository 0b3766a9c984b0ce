"""A claim from its start to its end: claim, heartbeat, finish, reclaim.

Every statement is guarded by the status that it leaves. Whatever ends an attempt carries the fence:
the row must still be running this attempt for this worker, or nothing is changed and the caller is
told that the claim was lost. (The worker is part of the fence because a released attempt gives its
number back.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, insert, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from taskrow.domain.answer import Answer
from taskrow.domain.task import Status
from taskrow.domain.times import to_milliseconds
from taskrow.storage.counts import add_counts
from taskrow.storage.requests import store_answer
from taskrow.storage.tables import status_is, task_attempts, tasks

_RUNNING = status_is(Status.RUNNING)
_FENCE = (
    tasks.c.seq == bindparam("at_seq"),
    tasks.c.attempt == bindparam("at_attempt"),
    tasks.c.worker == bindparam("at_worker"),
    _RUNNING,
)


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A running attempt: the fence (seq, attempt, worker), and what is needed to run and end it."""

    seq: int
    id: str
    queue: str
    name: str
    attempt: int
    worker: str
    retries: int
    crash_limit: int
    heartbeat: int
    args: str
    run_at: datetime
    started_at: datetime
    cancel_requested_at: datetime | None
    priority: int = 0
    losses: int = 0  # earlier attempts that lost their worker

    @property
    def failures(self) -> int:
        """Earlier attempts that ended in an exception."""
        return self.attempt - 1 - self.losses

    @property
    def fence(self) -> dict[str, Any]:
        return {"at_seq": self.seq, "at_attempt": self.attempt, "at_worker": self.worker}


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How an attempt ends. ``error`` and ``progress`` are JSON text.

    status: a final one, or scheduled (retry, at ``run_at``), or queued (released: the attempt is
    given back). outcome: what ``task_attempts`` records where it did not succeed.
    """

    claim: Claim
    status: Status
    outcome: str | None = None
    result: str | None = None
    error: str | None = None
    traceback: str | None = None
    progress: str | None = None
    run_at: datetime | None = None
    purge_at: datetime | None = None
    answer: Answer | None = None
    seconds: float = 0.0  # how long it ran; for the log


_CLAIM_COLUMNS = (
    tasks.c.seq,
    tasks.c.id,
    tasks.c.queue,
    tasks.c.name,
    tasks.c.attempt,
    tasks.c.worker,
    tasks.c.retries,
    tasks.c.crash_limit,
    tasks.c.heartbeat,
    tasks.c.args,
    tasks.c.run_at,
    tasks.c.started_at,
    tasks.c.cancel_requested_at,
    tasks.c.priority,
)


def _claim_statement() -> ReturningUpdate[Any]:
    picked = (
        select(tasks.c.seq)
        .where(tasks.c.queue == bindparam("of_queue"), status_is(Status.QUEUED))
        .order_by(tasks.c.priority.desc(), tasks.c.seq)
        .limit(bindparam("at_most"))
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    return (
        update(tasks)
        # No second look at the status out here: on PostgreSQL it costs a scan of the backlog.
        .where(tasks.c.seq.in_(select(picked.c.seq)))
        .values(
            status=Status.RUNNING,
            attempt=tasks.c.attempt + 1,
            worker=bindparam("by_worker"),
            started_at=bindparam("now"),
            lease_expires_at=bindparam("lease"),
            error=None,
            traceback=None,
        )
        .returning(*_CLAIM_COLUMNS)
    )


_CLAIM = _claim_statement()


def claim(
    connection: Connection, *, worker: str, queue: str, limit: int, now: datetime, lease: datetime
) -> list[Claim]:
    """Take up to ``limit`` queued tasks of one queue: highest priority first, then oldest."""
    found = connection.execute(
        _CLAIM,
        {"of_queue": queue, "at_most": limit, "by_worker": worker, "now": now, "lease": lease},
    ).all()
    losses = _count_losses(connection, [row.seq for row in found if row.attempt > 1])
    rows = sorted(found, key=lambda row: (-row.priority, row.seq))  # RETURNING promises no order
    return [Claim(**row._mapping, losses=losses.get(row.seq, 0)) for row in rows]


_SUCCEED = (
    update(tasks)
    .where(*_FENCE)
    .values(
        status=Status.SUCCEEDED,
        result=bindparam("to_result"),
        progress=func.coalesce(bindparam("to_progress"), tasks.c.progress),
        lease_expires_at=None,
        finished_at=bindparam("now"),
        purge_at=bindparam("to_purge_at"),
    )
)


def succeed(connection: Connection, endings: Sequence[Ending], *, now: datetime) -> list[Claim]:
    """End attempts that went well, all in one statement. Returns the claims that were lost.

    A success that is told again (its commit went well, the news of it did not) is not lost.
    """
    if not endings:
        return []
    rows = [
        ending.claim.fence
        | {
            "to_result": ending.result,
            "to_progress": ending.progress,
            "to_purge_at": ending.purge_at,
            "now": now,
        }
        for ending in endings
    ]
    changed = connection.execute(_SUCCEED, rows).rowcount
    if changed == len(rows):
        _count(connection, endings, now)
        return []
    ended_at = _ended_at(connection, endings)
    _count(connection, [e for e in endings if ended_at.get(_key(e)) == to_milliseconds(now)], now)
    return [ending.claim for ending in endings if _key(ending) not in ended_at]


def end(connection: Connection, ending: Ending, *, now: datetime) -> bool:
    """End one attempt in any way: fail, retry, stop, release, answer. False: the claim was lost."""
    return _end(connection, ending, now)


def beat(connection: Connection, *, worker: str, lease: datetime) -> dict[int, tuple[int, bool]]:
    """Extend the lease of all that this worker runs: seq -> (attempt, whether to cancel)."""
    rows = connection.execute(
        update(tasks)
        .where(_RUNNING, tasks.c.worker == worker)
        .values(heartbeat=tasks.c.heartbeat + 1, lease_expires_at=lease)
        .returning(tasks.c.seq, tasks.c.attempt, tasks.c.cancel_requested_at)
    ).all()
    return {row.seq: (row.attempt, row.cancel_requested_at is not None) for row in rows}


_WRITE_PROGRESS = update(tasks).where(*_FENCE).values(progress=bindparam("to_progress"))


def write_progress(connection: Connection, said: Sequence[tuple[Claim, str]]) -> None:
    """Write what tasks say of their progress (JSON text); never onto an attempt that is over."""
    if said:
        rows = [claim.fence | {"to_progress": progress} for claim, progress in said]
        connection.execute(_WRITE_PROGRESS, rows)


def running_elsewhere(connection: Connection, *, worker: str) -> list[Claim]:
    """The claims of all other workers: candidates for a reclaim."""
    rows = connection.execute(
        select(*_CLAIM_COLUMNS).where(_RUNNING, tasks.c.worker != worker).order_by(tasks.c.seq)
    ).all()
    losses = _count_losses(connection, [row.seq for row in rows if row.attempt > 1])
    return [Claim(**row._mapping, losses=losses.get(row.seq, 0)) for row in rows]


def reclaim(connection: Connection, ending: Ending, *, now: datetime) -> bool:
    """Take an attempt back from a worker that is gone; False where it has given news meanwhile."""
    return _end(connection, ending, now, tasks.c.heartbeat == ending.claim.heartbeat)


def _end(connection: Connection, ending: Ending, now: datetime, *more: ColumnElement[bool]) -> bool:
    statement = update(tasks).where(*_FENCE, *more).values(_ending_values(ending, now))
    if connection.execute(statement, ending.claim.fence).rowcount != 1:
        return False
    _record(connection, ending, now)
    return True


def _ending_values(ending: Ending, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": ending.status,
        "error": ending.error,
        "traceback": ending.traceback,
        "lease_expires_at": None,
    }
    if ending.progress is not None:
        values["progress"] = ending.progress
    if ending.run_at is not None:
        values["run_at"] = ending.run_at
    if ending.status.final:
        values |= {"result": ending.result, "finished_at": now, "purge_at": ending.purge_at}
    if ending.outcome is None and not ending.status.final:  # a release gives the attempt back
        values["attempt"] = tasks.c.attempt - 1
    return values


def _record(connection: Connection, ending: Ending, now: datetime) -> None:
    claim = ending.claim
    if ending.answer is not None:
        store_answer(connection, claim.seq, ending.answer)
    if ending.outcome is not None:
        connection.execute(
            insert(task_attempts),
            {
                "task_seq": claim.seq,
                "attempt": claim.attempt,
                "outcome": ending.outcome,
                "worker": claim.worker,
                "error": ending.error,
                "traceback": ending.traceback,
                "started_at": claim.started_at,
                "finished_at": now,
            },
        )
    if ending.status.final:
        _count(connection, [ending], now)


def _count(connection: Connection, endings: Sequence[Ending], now: datetime) -> None:
    add_counts(connection, [(e.claim.queue, e.claim.name, e.status) for e in endings], now)


def _ended_at(connection: Connection, endings: Sequence[Ending]) -> dict[tuple[Any, ...], Any]:
    """When those of a batch ended whose rows show this worker's success, by :func:`_key`."""
    rows = connection.execute(
        select(tasks.c.seq, tasks.c.attempt, tasks.c.worker, tasks.c.finished_at).where(
            tasks.c.seq.in_([ending.claim.seq for ending in endings]), status_is(Status.SUCCEEDED)
        )
    )
    return {(row.seq, row.attempt, row.worker): row.finished_at for row in rows}


def _key(ending: Ending) -> tuple[Any, ...]:
    return ending.claim.seq, ending.claim.attempt, ending.claim.worker


def _count_losses(connection: Connection, seqs: Sequence[int]) -> dict[int, int]:
    if not seqs:
        return {}
    rows = connection.execute(
        select(task_attempts.c.task_seq, func.count())
        .where(task_attempts.c.task_seq.in_(seqs), task_attempts.c.outcome == "lost")
        .group_by(task_attempts.c.task_seq)
    ).all()
    return dict(tuple(row) for row in rows)
