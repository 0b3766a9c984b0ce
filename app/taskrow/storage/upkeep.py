"""Changes that no attempt makes: promote, cancel, retry by hand, recall unknown names."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, bindparam, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from taskrow.domain.task import Status, status_of
from taskrow.storage.counts import add_counts
from taskrow.storage.credentials import erase_credentials
from taskrow.storage.requests import drop_answer
from taskrow.storage.submit import DONE, WORK, ring
from taskrow.storage.tables import status_is, tasks

_PROMOTED_AT_ONCE = 500
_SCHEDULED, _RUNNING = status_is(Status.SCHEDULED), status_is(Status.RUNNING)
_PUT_BACK = (_SCHEDULED, tasks.c.error.like('%"UnknownTask"%'))


def _promote_statement() -> ReturningUpdate[tuple[int]]:
    picked = (
        select(tasks.c.seq)
        .where(_SCHEDULED, tasks.c.run_at <= bindparam("now"))
        .order_by(tasks.c.run_at)
        .limit(_PROMOTED_AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("picked")
    )
    return (
        update(tasks)
        .where(tasks.c.seq.in_(select(picked.c.seq)))
        .values(status=Status.QUEUED)
        .returning(tasks.c.seq)
    )


_PROMOTE = _promote_statement()


def promote(connection: Connection, *, now: datetime) -> int:
    """Queue what has become due, at most 500 at once; returns how many."""
    return len(connection.execute(_PROMOTE, {"now": now}).all())


def promote_early(connection: Connection, task_id: str, *, now: datetime) -> None:
    """Queue one task that waits for its time, now."""
    waiting = update(tasks).where(tasks.c.id == task_id, _SCHEDULED)
    connection.execute(waiting.values(status=Status.QUEUED, run_at=now))


def cancel(
    connection: Connection,
    task_id: str,
    *,
    now: datetime,
    purge_at: datetime,
    ask_running: bool = True,
    terminate: bool = False,
) -> Status | None:
    """Cancel a task that waits; ask one that runs to stop. Returns the status that it was found in.

    terminate: have the process of one that runs ended. None: there is no such task. A final status:
    nothing was changed.
    """
    row = connection.execute(
        select(tasks.c.seq, tasks.c.status, tasks.c.queue, tasks.c.name)
        .where(tasks.c.id == task_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return None
    status = status_of(row.status)
    if status is Status.RUNNING and ask_running:
        _ask(connection, row.seq, tasks.c.cancel_requested_at, now)
        if terminate:
            _ask(connection, row.seq, tasks.c.terminate_requested_at, now)
        ring(connection, WORK)
    elif status in (Status.SCHEDULED, Status.QUEUED):
        connection.execute(
            update(tasks)
            .where(tasks.c.id == task_id, tasks.c.status == status)
            .values(status=Status.CANCELLED, finished_at=now, purge_at=purge_at)
        )
        add_counts(connection, [(row.queue, row.name, Status.CANCELLED, 0)], now)
        erase_credentials(connection, [row.seq])
        ring(connection, DONE)
    return status


def _ask(connection: Connection, seq: int, wish: Column[Any], now: datetime) -> None:
    """Note a wish in the row of a task that runs; the first time counts."""
    connection.execute(
        update(tasks).where(tasks.c.seq == seq, _RUNNING, wish.is_(None)).values({wish: now})
    )


def retry_by_hand(connection: Connection, task_id: str, *, now: datetime) -> bool:
    """Queue a finished task once more; its attempts go on counting. False: it is not finished."""
    seq = connection.execute(
        update(tasks)
        .where(tasks.c.id == task_id, tasks.c.finished_at.is_not(None))
        .values(
            status=Status.QUEUED,
            run_at=now,
            finished_at=None,
            purge_at=None,
            cancel_requested_at=None,
            expires_at=None,
            terminate_requested_at=None,
            progress=None,
            result=None,
        )
        .returning(tasks.c.seq)
    ).scalar()
    if seq is None:
        return False
    drop_answer(connection, seq)
    ring(connection, WORK)
    return True


def names_put_back(connection: Connection) -> set[str]:
    """The names of tasks that were put back because no worker knew them."""
    return set(connection.execute(select(tasks.c.name).where(*_PUT_BACK)).scalars())


def recall_unknown(connection: Connection, names: Collection[str], *, now: datetime) -> int:
    """Make due at once what was put back and has one of these names; returns how many."""
    return connection.execute(
        update(tasks).where(*_PUT_BACK, tasks.c.name.in_(names)).values(run_at=now)
    ).rowcount
