"""Queues as a whole: paused or not, how much waits and runs in each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    exists,
    func,
    select,
    update,
)

from taskrow.domain.task import Status
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.submit import WORK, ring
from taskrow.storage.tables import queues, status_is, tasks

_WAITING = (Status.QUEUED, Status.SCHEDULED, Status.RUNNING)


def is_paused(name: Column[str] | BindParameter[str] | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the queue of this name is paused: a step into the index of a tiny table."""
    return exists().where(queues.c.name == name, queues.c.paused_at.is_not(None))


def pause(connection: Connection, queue: str, *, now: datetime) -> None:
    """Have nothing more claimed from a queue; where it is paused already, it stays as it was."""
    insert_new = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    statement = insert_new(queues).values(name=queue, paused_at=now)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"paused_at": func.coalesce(queues.c.paused_at, statement.excluded.paused_at)},
        )
    )


def resume(connection: Connection, queue: str) -> bool:
    """Have a queue claimed from again, at once. False: it was not paused."""
    resumed = connection.execute(
        update(queues)
        .where(queues.c.name == queue, queues.c.paused_at.is_not(None))
        .values(paused_at=None)
    )
    ring(connection, WORK)
    return resumed.rowcount > 0


def paused(connection: Connection) -> dict[str, datetime]:
    """The queues that are paused, and since when."""
    rows = connection.execute(
        select(queues.c.name, queues.c.paused_at)
        .where(queues.c.paused_at.is_not(None))
        .order_by(queues.c.name)
    )
    return {row.name: row.paused_at for row in rows}


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One queue: how many tasks wait for a worker, for their time, and run; the oldest that waits.

    oldest_at: since when the oldest of the queued ones could have run.
    """

    name: str
    queued: int
    scheduled: int
    running: int
    oldest_at: datetime | None
    paused_at: datetime | None


def overview(connection: Connection) -> list[Lane]:
    """Every queue in which something waits or runs, or that is paused; by name."""
    since = paused(connection)
    found: dict[str, dict[str, int]] = {name: {} for name in since}
    oldest: dict[str, datetime] = {}
    for status in _WAITING:  # each by its own partial index
        rows = connection.execute(
            select(tasks.c.queue, func.count().label("n"), func.min(tasks.c.run_at).label("since"))
            .where(status_is(status))
            .group_by(tasks.c.queue)
        )
        for row in rows:
            found.setdefault(row.queue, {})[status] = row.n
            if status is Status.QUEUED:
                oldest[row.queue] = row.since
    return [
        Lane(
            name=name,
            queued=counts.get(Status.QUEUED, 0),
            scheduled=counts.get(Status.SCHEDULED, 0),
            running=counts.get(Status.RUNNING, 0),
            oldest_at=oldest.get(name),
            paused_at=since.get(name),
        )
        for name, counts in sorted(found.items())
    ]
