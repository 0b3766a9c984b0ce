"""Claims: take a task, keep it, and the fence that proves it. (How one ends: storage/finish.py.)

The fence: the row must still be running this attempt for this worker. The worker is part of it
because a released attempt gives its number back; a row's number is never given again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, select, update

from taskrow.domain.task import Status
from taskrow.domain.unique import is_let_go_at_start
from taskrow.storage.aging import priority_of_oldest
from taskrow.storage.lanes import is_paused
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import status_is, task_attempts, tasks
from taskrow.storage.types import as_time

Row = Sequence[Any]
Attempt = tuple[int, int]  # the number of a row, and that of its attempt

_RUNNING = status_is(Status.RUNNING)
OWN_ATTEMPT = (
    tasks.c.attempt == bindparam("at_attempt"),
    tasks.c.worker == bindparam("at_worker"),
    _RUNNING,
)
FENCE = (tasks.c.seq == bindparam("at_seq"), *OWN_ATTEMPT)


@dataclass(slots=True)  # not frozen: one is made for each task, and that takes 1 us instead of 5
class Claim:
    """A running attempt: the fence (seq, attempt, worker), and what is needed to run and end it.

    It is not changed: a claim of which more is known is a new one.
    """

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
    expires_at: datetime | None = None
    unique_key: str | None = None
    priority: int = 0
    args_checksum: int | None = None
    losses: int = 0  # earlier attempts that lost their worker
    failures: int = 0  # earlier attempts that ended in an exception

    def is_expired(self, now: datetime) -> bool:
        """Whether it was to be started before, and never was."""
        return self.expires_at is not None and self.expires_at <= now and self.attempt == 1

    @property
    def which(self) -> Attempt:
        """By which a worker knows it: an earlier attempt of its task may still run there, too."""
        return self.seq, self.attempt

    @property
    def fence(self) -> dict[str, Any]:
        return {"at_seq": self.seq, "at_attempt": self.attempt, "at_worker": self.worker}


_CLAIM_COLUMNS = (  # in the order of the fields
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
    tasks.c.expires_at,
    tasks.c.unique_key,
    tasks.c.priority,
    tasks.c.args_checksum,
)


def _claim_statement(which: Select[tuple[int]], *names: str) -> Prepared:
    picked = which.with_for_update(skip_locked=True).cte("picked")
    statement = (
        update(tasks)
        # No second look at the status out here: on PostgreSQL it costs a scan of the backlog.
        .where(tasks.c.seq.in_(select(picked.c.seq)))
        .values(
            status=Status.RUNNING,
            attempt=tasks.c.attempt + 1,
            worker=bindparam("by_worker"),
            started_at=bindparam("now"),
            heartbeat=tasks.c.heartbeat + 1,  # an attempt that is given back may have two claims
            lease_expires_at=bindparam("lease"),
            error=None,
            traceback=None,
        )
        .returning(*_CLAIM_COLUMNS)
    )
    return Prepared(statement, "by_worker", "now", "lease", *names)


_QUEUED = select(tasks.c.seq).where(status_is(Status.QUEUED))
_OF_QUEUE = (
    _QUEUED.where(tasks.c.queue == bindparam("of_queue"), ~is_paused(bindparam("of_queue")))
    .order_by(tasks.c.priority.desc(), tasks.c.seq)
    .limit(bindparam("at_most"))
)
_CLAIM = _claim_statement(_OF_QUEUE, "of_queue", "at_most")
_CLAIM_OF_PRIORITY = _claim_statement(
    _OF_QUEUE.where(tasks.c.priority == bindparam("of_priority")),
    "of_queue",
    "at_most",
    "of_priority",
)
_CLAIM_ONE = _claim_statement(_QUEUED.where(tasks.c.id == bindparam("of_id")), "of_id")


def claim(
    connection: Connection,
    *,
    worker: str,
    queue: str,
    limit: int,
    now: datetime,
    lease: datetime,
    oldest: int = 0,
) -> list[Claim]:
    """Take up to ``limit`` queued tasks of one queue: highest priority first, then oldest.

    oldest: how many of them are those that wait longest, whatever their priority. None of a queue
    that is paused.
    """
    rows: list[Row] = []
    if oldest and (priority := priority_of_oldest(connection, queue)) is not None:
        values = worker, now, lease, queue, oldest, priority
        rows += _CLAIM_OF_PRIORITY.fetch(connection, values)
    rows += _CLAIM.fetch(connection, (worker, now, lease, queue, limit - len(rows)))
    return _claimed(connection, rows)


def claim_one(
    connection: Connection, task_id: str, *, worker: str, now: datetime, lease: datetime
) -> Claim | None:
    """Take this one task, if it is queued."""
    rows = _CLAIM_ONE.fetch(connection, (worker, now, lease, task_id))
    claimed = _claimed(connection, rows)
    return claimed[0] if claimed else None


def _claimed(connection: Connection, rows: Sequence[Row]) -> list[Claim]:
    claims = [_claim_of(row) for row in rows]
    claims.sort(key=lambda claim: (-claim.priority, claim.seq))  # RETURNING promises no order
    _let_go_of_keys(connection, [c.seq for c in claims if is_let_go_at_start(c.unique_key)])
    return _with_past(connection, claims)


def _claim_of(row: Row) -> Claim:
    claim = Claim(*row)
    claim.run_at, claim.started_at = as_time(claim.run_at), as_time(claim.started_at)
    if claim.cancel_requested_at is not None:
        claim.cancel_requested_at = as_time(claim.cancel_requested_at)
    if claim.expires_at is not None:
        claim.expires_at = as_time(claim.expires_at)
    return claim


def _with_past(connection: Connection, claims: list[Claim]) -> list[Claim]:
    """With how earlier attempts ended. Retried by hand, a task may have had others than these."""
    past = _count_outcomes(connection, [claim.seq for claim in claims if claim.attempt > 1])
    if not past:
        return claims
    return [
        replace(c, losses=past.get((c.seq, "lost"), 0), failures=past.get((c.seq, "failed"), 0))
        for c in claims
    ]


def _let_go_of_keys(connection: Connection, seqs: Sequence[int]) -> None:
    """These are claimed: from now on the next of their kind may be submitted."""
    if seqs:
        connection.execute(update(tasks).where(tasks.c.seq.in_(seqs)).values(unique_key=None))


@dataclass(frozen=True)
class Beaten:
    """What a heartbeat finds of an attempt: whether it shall stop."""

    cancel: bool
    terminate: bool


_HERE = (_RUNNING, tasks.c.worker == bindparam("of_worker"))
_FOUND = tasks.c.seq, tasks.c.attempt, tasks.c.cancel_requested_at, tasks.c.terminate_requested_at
_EXTEND = update(tasks).values(heartbeat=tasks.c.heartbeat + 1, lease_expires_at=bindparam("lease"))
_BEAT = Prepared(_EXTEND.where(*_HERE).returning(*_FOUND), "of_worker", "lease")
# On PostgreSQL a row that somebody holds in a transaction must not keep the others from theirs.
_FREE = select(tasks.c.seq).where(*_HERE).with_for_update(skip_locked=True, key_share=True).cte()
_BEAT_FREE = Prepared(_EXTEND.where(tasks.c.seq.in_(select(_FREE.c.seq))), "of_worker", "lease")
_FIND_HERE = Prepared(select(*_FOUND).where(*_HERE), "of_worker")


def beat(connection: Connection, *, worker: str, lease: datetime) -> dict[Attempt, Beaten]:
    """Extend the lease of all that this worker runs, and tell what is found there."""
    if connection.dialect.name == "sqlite":
        rows = _BEAT.fetch(connection, (worker, lease))
    else:
        _BEAT_FREE.change(connection, (worker, lease))
        rows = _FIND_HERE.fetch(connection, [worker])
    return {
        (seq, attempt): Beaten(cancel=cancel is not None, terminate=terminate is not None)
        for seq, attempt, cancel, terminate in rows
    }


_WRITE_PROGRESS = Prepared(
    update(tasks).where(*FENCE).values(progress=bindparam("to_progress")),
    "at_seq",
    "at_attempt",
    "at_worker",
    "to_progress",
)


def write_progress(connection: Connection, said: Sequence[tuple[Claim, str]]) -> None:
    """Write what tasks say of their progress (JSON text); never onto an attempt that is over."""
    if said:
        rows = [(c.seq, c.attempt, c.worker, progress) for c, progress in said]
        _WRITE_PROGRESS.run_all(connection, rows)


def find_held(connection: Connection, fence: dict[str, Any]) -> Claim | None:
    """The claim that a fence proves, as :attr:`Claim.fence` has it; None: it is lost."""
    row = connection.execute(select(*_CLAIM_COLUMNS).where(*FENCE), fence).one_or_none()
    return None if row is None else _claim_of(row)


def _running(whose: ColumnElement[bool]) -> Prepared:
    return Prepared(
        select(*_CLAIM_COLUMNS).where(_RUNNING, whose).order_by(tasks.c.seq), "of_worker"
    )


_RUNNING_HERE = _running(tasks.c.worker == bindparam("of_worker"))
_RUNNING_ELSEWHERE = _running(tasks.c.worker != bindparam("of_worker"))


def running_here(connection: Connection, *, worker: str) -> list[Claim]:
    """The claims of this worker."""
    rows = _RUNNING_HERE.fetch(connection, [worker])
    return _with_past(connection, [_claim_of(row) for row in rows])


def running_elsewhere(connection: Connection, *, worker: str) -> list[Claim]:
    """The claims of all other workers: candidates for a reclaim."""
    rows = _RUNNING_ELSEWHERE.fetch(connection, [worker])
    return _with_past(connection, [_claim_of(row) for row in rows])


def running_workers(connection: Connection) -> set[str]:
    """Under which workers anything runs."""
    return set(connection.execute(select(tasks.c.worker).where(_RUNNING).distinct()).scalars())


def _count_outcomes(connection: Connection, seqs: Sequence[int]) -> dict[tuple[int, str], int]:
    if not seqs:
        return {}
    past = task_attempts.c
    rows = connection.execute(
        select(past.task_seq, past.outcome, func.count())
        .where(past.task_seq.in_(seqs))
        .group_by(past.task_seq, past.outcome)
    ).all()
    return {(seq, outcome): number for seq, outcome, number in rows}
