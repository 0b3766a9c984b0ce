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
    literal_column,
    select,
    update,
)

from taskrow.domain.task import Status
from taskrow.storage.damage import despite_damage
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.submit import WORK, ring
from taskrow.storage.tables import queues, status_is, tasks

ALL = ""  # the name, which no queue can have, under which all of them are paused

_WAITING = (Status.QUEUED, Status.SCHEDULED, Status.RUNNING)


def is_paused(name: Column[str] | BindParameter[str] | ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the queue of this name is paused: two steps into the index of a tiny table."""
    return exists().where(
        queues.c.name.in_([name, literal_column(f"'{ALL}'")]), queues.c.paused_at.is_not(None)
    )


def pause(connection: Connection, queue: str, *, now: datetime, reason: str | None = None) -> None:
    """Have nothing more claimed from a queue, or from ``ALL``; what is paused stays as it was."""
    insert_new = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    statement = insert_new(queues).values(name=queue, paused_at=now, reason=reason)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"paused_at": statement.excluded.paused_at, "reason": statement.excluded.reason},
            where=queues.c.paused_at.is_(None),
        )
    )


def resume(connection: Connection, queue: str) -> bool:
    """Have a queue claimed from again, at once. False: it was not paused by this name."""
    resumed = connection.execute(
        update(queues)
        .where(queues.c.name == queue, queues.c.paused_at.is_not(None))
        .values(paused_at=None, reason=None)
    )
    ring(connection, WORK)
    return resumed.rowcount > 0


@dataclass(frozen=True)
class Pause:
    """Since when, and why, nothing is claimed from a queue."""

    since: datetime
    reason: str | None


@despite_damage
def pauses(connection: Connection) -> dict[str, Pause]:
    """The pauses by the names of their queues; ``ALL``: of every queue there is."""
    rows = connection.execute(
        select(queues.c.name, queues.c.paused_at, queues.c.reason)
        .where(queues.c.paused_at.is_not(None))
        .order_by(queues.c.name)
    )
    return {row.name: Pause(row.paused_at, row.reason) for row in rows}


@dataclass(frozen=True, kw_only=True)
class Lane:
    """One queue: how many tasks wait for a worker, for their time, and run; the oldest that waits.

    oldest_at: since when the oldest of the queued ones could have run. paused_at, reason: by its
    own name, or because all queues are paused.
    """

    name: str
    queued: int
    scheduled: int
    running: int
    oldest_at: datetime | None
    paused_at: datetime | None
    reason: str | None = None


@despite_damage
def overview(connection: Connection) -> list[Lane]:
    """Every queue in which something waits or runs, or that is paused by its name; by name."""
    paused = pauses(connection)
    for_all = paused.pop(ALL, None)
    found: dict[str, dict[str, int]] = {name: {} for name in paused}
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
    lanes = []
    for name, counts in sorted(found.items()):
        pause = paused.get(name, for_all)
        lane = Lane(
            name=name,
            queued=counts.get(Status.QUEUED, 0),
            scheduled=counts.get(Status.SCHEDULED, 0),
            running=counts.get(Status.RUNNING, 0),
            oldest_at=oldest.get(name),
            paused_at=None if pause is None else pause.since,
            reason=None if pause is None else pause.reason,
        )
        lanes.append(lane)
    return lanes
