"""What the rows tell of the whole: who works, what waits for whom, how late the latest is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal_column, select, text

from taskrow.domain.task import Status
from taskrow.storage.damage import despite_damage
from taskrow.storage.tables import status_is, tasks, workers


@dataclass(frozen=True)
class SeenWorker:
    """A worker that has started and not signed off."""

    id: str
    last_seen_at: datetime


def workers_on_duty(connection: Connection, *, since: datetime) -> list[SeenWorker]:
    """The workers that were seen since a time and have not signed off, the latest first."""
    rows = connection.execute(
        select(workers.c.id, workers.c.last_seen_at)
        .where(workers.c.stopped_at.is_(None), workers.c.last_seen_at >= since)
        .order_by(workers.c.last_seen_at.desc())
    )
    return [SeenWorker(row.id, row.last_seen_at) for row in rows]


@despite_damage
def names_waiting(connection: Connection) -> dict[str, int]:
    """How many tasks of each name wait, queued or scheduled."""
    found: dict[str, int] = {}
    for status in (Status.QUEUED, Status.SCHEDULED):
        query = select(tasks.c.name, func.count().label("n")).where(status_is(status))
        for row in connection.execute(query.group_by(tasks.c.name)):
            found[row.name] = found.get(row.name, 0) + row.n
    return found


def count_queued(connection: Connection, *, at_most: int) -> int:
    """How many tasks wait for a worker; no more than ``at_most`` are counted."""
    some = select(literal_column("1")).where(status_is(Status.QUEUED)).limit(at_most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


@despite_damage
def newest_submit(connection: Connection) -> datetime | None:
    """When the newest task was submitted, by the clock of who did; None: there is no task."""
    newest = select(tasks.c.created_at).order_by(tasks.c.seq.desc()).limit(1)
    return connection.execute(newest).scalar()


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server: its version in words, its clock, and its connections.

    idle: the oldest transaction in which a session does nothing, in seconds; it keeps dead rows.
    """

    version: str
    now: datetime
    connections: int
    most_connections: int
    idle: float


def ask_server(connection: Connection) -> Server:
    """What a PostgreSQL server says of itself."""
    row: Any = connection.execute(
        select(
            literal_column("current_setting('server_version')").label("version"),
            literal_column("clock_timestamp()").label("now"),
            literal_column("current_setting('max_connections')::int").label("most_connections"),
        )
    ).one()
    activity = connection.execute(text(_ACTIVITY)).one()
    return Server(
        row.version, row.now, activity.connections, row.most_connections, float(activity.idle)
    )


_ACTIVITY = """
SELECT count(*) FILTER (WHERE backend_type = 'client backend') AS connections,
  coalesce(max(extract(epoch FROM clock_timestamp() - xact_start))
    FILTER (WHERE state LIKE 'idle in transaction%'), 0) AS idle
FROM pg_stat_activity
"""
