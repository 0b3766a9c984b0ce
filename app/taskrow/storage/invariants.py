"""What always holds of the rows, whatever was killed and when: as SQL that finds what breaks it.

The CHECKs and the trigger of the schema refuse much of it; here it is looked for, since a file can
be damaged, and edited by hand with its rules switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    Text,
    and_,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from taskrow.domain.task import FINAL, LIVE, Status
from taskrow.storage.tables import (
    task_attempts,
    task_counts,
    task_credentials,
    task_logs,
    task_requests,
    tasks,
)
from taskrow.storage.types import UtcTime

_MOST = 100_000  # broken rows that are counted
_EXAMPLES = 5

IsGone = Callable[[Collection[str]], Collection[str]]


@dataclass(frozen=True)
class Finding:
    """How one invariant stands: how often it is broken, and where for example (ids of tasks).

    name: one word for it. promise: the invariant as a sentence.
    """

    name: str
    promise: str
    broken: int = 0
    examples: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, promise: str, where: Collection[object]) -> Finding:
        """A finding with all places at which the invariant is broken."""
        examples = [str(place) for place, _ in zip(where, range(_EXAMPLES), strict=False)]
        return cls(name, promise, len(where), tuple(examples))


def _in(*statuses: Status) -> ColumnElement[bool]:
    return tasks.c.status.in_([status.value for status in sorted(statuses)])


def _differ(one: ColumnElement[bool], other: ColumnElement[bool]) -> ColumnElement[bool]:
    return or_(and_(one, ~other), and_(~one, other))


def _attempt_row(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(task_attempts.c.task_seq == tasks.c.seq, *more)


_ENDED, _RAN = tasks.c.finished_at.is_not(None), _in(Status.SUCCEEDED, Status.FAILED)
_RUNNING, _FAILED, _SUCCEEDED = _in(Status.RUNNING), _in(Status.FAILED), _in(Status.SUCCEEDED)
_THIS_ATTEMPT = task_attempts.c.attempt == tasks.c.attempt
_BEYOND = or_(task_attempts.c.attempt < 1, task_attempts.c.attempt > tasks.c.attempt)

# Of each row: its name, the sentence, and what is true of a row that breaks it.
_OF_TASKS: tuple[tuple[str, str, ColumnElement[bool]], ...] = (
    ("status", "every status is one of the six", ~_in(*Status)),
    ("finished", "finished_at is set exactly for what is over", _differ(_ENDED, _in(*FINAL))),
    (
        "purge",
        "purge_at is set exactly for what is over",
        _differ(tasks.c.purge_at.is_not(None), _ENDED),
    ),
    (
        "lease",
        "exactly what runs has a lease",
        _differ(tasks.c.lease_expires_at.is_not(None), _RUNNING),
    ),
    (
        "worker",
        "what runs, or has run to its end, has a worker, an attempt and a start",
        and_(
            or_(_RUNNING, _RAN),
            or_(tasks.c.worker.is_(None), tasks.c.attempt < 1, tasks.c.started_at.is_(None)),
        ),
    ),
    (
        "result",
        "only a success has a result, and only what else ended an error",
        or_(
            and_(tasks.c.result.is_not(None), ~_SUCCEEDED),
            and_(tasks.c.error.is_not(None), _SUCCEEDED),
            and_(tasks.c.error.is_(None), _FAILED),
        ),
    ),
    (
        "attempts",
        "task_attempts has no attempt that was not, and the last one of each failure",
        or_(
            _attempt_row(_BEYOND),
            and_(or_(_RUNNING, _SUCCEEDED), _attempt_row(_THIS_ATTEMPT)),
            and_(_FAILED, ~_attempt_row(_THIS_ATTEMPT)),
        ),
    ),
)

_TIME = "-".join(["[0-9]" * 4, "[0-9]" * 2, "[0-9]" * 2]) + "T??:??:??.???Z"
_TIMES = [column for column in tasks.c if isinstance(column.type, UtcTime)]
_OF_FILES = (
    (
        "times",
        "times are text like 2026-11-21T07:00:00.000Z",
        or_(*(type_coerce(column, Text).op("NOT GLOB")(_TIME) for column in _TIMES)),
    ),
)

_BESIDE = (task_requests, task_credentials, task_attempts, task_logs)


def broken_rows(connection: Connection) -> Iterator[Finding]:
    """The invariants of single tasks, all in one pass over the table."""
    rules = _OF_TASKS + (_OF_FILES if connection.dialect.name == "sqlite" else ())
    wrong = [condition.label(f"breaks_{name}") for name, _, condition in rules]
    query = select(tasks.c.id, *wrong).where(or_(*(c for _, _, c in rules))).limit(_MOST)
    rows = connection.execute(query).mappings().all()
    for name, promise, _ in rules:
        yield Finding.of(name, promise, [row["id"] for row in rows if row[f"breaks_{name}"]])


def loose_rows(connection: Connection) -> Iterator[Finding]:
    """Rows of no task, and what should have gone with a task's end."""
    for table in _BESIDE:
        yield Finding.of(
            table.name,
            f"each row of {table.name} has its task",
            _seqs(connection, table.c.task_seq, ~exists().where(tasks.c.seq == table.c.task_seq)),
        )
    yield Finding.of(
        "secrets",
        "credentials are gone when their task is over",
        _ids_with(connection, task_credentials, _in(*FINAL)),
    )
    yield Finding.of(
        "answers",
        "only what is over has an answer",
        _ids_with(
            connection, task_requests, task_requests.c.response_status.is_not(None), _in(*LIVE)
        ),
    )


def lost_workers(connection: Connection, is_gone: IsGone, *, now: datetime) -> Finding:
    """Tasks that nobody runs, and that nobody has taken back although their lease is over."""
    rows = connection.execute(
        select(tasks.c.id, tasks.c.worker).where(_RUNNING, tasks.c.lease_expires_at < now)
    ).all()
    gone = is_gone({row.worker for row in rows})
    return Finding.of(
        "running",
        "what runs has a living worker or a lease (else a worker that starts takes it back)",
        [row.id for row in rows if row.worker in gone],
    )


def missed_counts(connection: Connection) -> Finding:
    """Ended tasks that the running totals do not know. (More were counted than are still there.)"""
    there = select(tasks.c.status, func.count()).where(_RAN).group_by(tasks.c.status)
    rows = dict(tuple(row) for row in connection.execute(there).all())
    counted = select(task_counts.c.status, func.sum(task_counts.c.n)).group_by(task_counts.c.status)
    totals = dict(tuple(row) for row in connection.execute(counted).all())
    missing = [f"{status}: {n} rows" for status, n in rows.items() if n > (totals.get(status) or 0)]
    return Finding.of("counts", "task_counts has counted every success and failure", missing)


def _seqs(connection: Connection, seq: Column[Any], where: ColumnElement[bool]) -> list[int]:
    return list(connection.execute(select(seq).where(where).limit(_MOST)).scalars())


def _ids_with(connection: Connection, table: Table, *where: ColumnElement[bool]) -> list[str]:
    query = select(tasks.c.id).join(table, table.c.task_seq == tasks.c.seq).where(*where)
    return list(connection.execute(query.limit(_MOST)).scalars())
