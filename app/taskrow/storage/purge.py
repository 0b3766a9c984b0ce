"""Purge: delete finished rows, a bounded number at a time, with all that hangs on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select
from sqlalchemy.exc import IntegrityError

from taskrow.storage.tables import tasks

_WINDOW = 10_000  # row numbers in one look: some milliseconds


def purge(connection: Connection, *, now: datetime, limit: int, besides: Sequence[int] = ()) -> int:
    """Delete up to ``limit`` finished rows whose time is up, oldest first; returns how many.

    IntegrityError where a foreign key of the user's keeps one of them, that is not in ``besides``.
    """
    return _delete(connection, _due(now, limit, besides))


def find_due(
    connection: Connection, *, now: datetime, limit: int, besides: Sequence[int]
) -> Sequence[int]:
    """The numbers of those that :func:`purge` would delete."""
    return list(connection.execute(_due(now, limit, besides)).scalars())


def _due(now: datetime, limit: int, besides: Sequence[int]) -> Select[Any]:
    due = select(tasks.c.seq).where(tasks.c.finished_at.is_not(None), tasks.c.purge_at <= now)
    others = due.where(tasks.c.seq.not_in(besides)) if besides else due
    return others.order_by(tasks.c.purge_at).limit(limit)


@dataclass(frozen=True)
class Older:
    """What a look for old rows found: their numbers, and where to look on; None: nowhere."""

    seqs: Sequence[int]
    after: int | None


def find_older(
    connection: Connection, *, finished_before: datetime, after: int, limit: int
) -> Older:
    """Up to ``limit`` rows that finished before a time, whatever their retention, by row number.

    No index has them: so it is a read, which holds up nobody, and looks at a bounded number of rows
    from ``after`` on.
    """
    end = after + _WINDOW
    query = (
        select(tasks.c.seq)
        .where(tasks.c.seq > after, tasks.c.seq <= end, tasks.c.finished_at <= finished_before)
        .order_by(tasks.c.seq)
        .limit(limit)
    )
    seqs = connection.execute(query).scalars().all()
    if len(seqs) == limit:
        return Older(seqs, seqs[-1])
    newest = connection.execute(select(func.max(tasks.c.seq))).scalar() or 0
    return Older(seqs, end if end < newest else None)


def purge_these(connection: Connection, seqs: Sequence[int], *, finished_before: datetime) -> int:
    """Delete rows by number, but for those that have been retried meanwhile; returns how many."""
    picked = delete(tasks).where(tasks.c.seq.in_(seqs), tasks.c.finished_at <= finished_before)
    return connection.execute(picked).rowcount


def purge_each(
    connection: Connection, seqs: Sequence[int], *, finished_before: datetime
) -> list[int]:
    """Like :func:`purge_these`, one by one; returns those that a user's foreign key keeps."""
    kept = []
    for seq in seqs:
        try:
            with connection.begin_nested():
                purge_these(connection, [seq], finished_before=finished_before)
        except IntegrityError:
            kept.append(seq)
    return kept


def forget(connection: Connection, task_id: str) -> bool:
    """Delete the row of one finished task. False: there is none, or it is not finished."""
    return _delete(connection, select(tasks.c.seq).where(tasks.c.id == task_id)) == 1


def _delete(connection: Connection, picked: Select[tuple[int]]) -> int:
    # On PostgreSQL a picked row may be retried by hand before it is locked: it must stay.
    return connection.execute(
        delete(tasks).where(tasks.c.seq.in_(picked), tasks.c.finished_at.is_not(None))
    ).rowcount
