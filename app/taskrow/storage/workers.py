"""The workers table: for people to read. Nothing may depend on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, update

from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import workers

_SEEN = Prepared(
    update(workers)
    .where(workers.c.id == bindparam("of_worker"))
    .values(last_seen_at=bindparam("now")),
    "of_worker",
    "now",
)


def register(
    connection: Connection, worker: str, *, queues: str, runners: int, now: datetime
) -> None:
    """A worker has started."""
    connection.execute(
        insert(workers),
        {
            "id": worker,
            "queues": queues,
            "runners": runners,
            "started_at": now,
            "last_seen_at": now,
        },
    )


def seen(connection: Connection, worker: str, *, now: datetime) -> None:
    """A worker is still there."""
    _SEEN.change(connection, (worker, now))


def sign_off(connection: Connection, worker: str, *, now: datetime) -> None:
    """A worker has stopped in good order."""
    connection.execute(
        update(workers).where(workers.c.id == worker).values(last_seen_at=now, stopped_at=now)
    )


def forget(connection: Connection, *, before: datetime) -> None:
    """Delete those that were last seen before a time: each start of a worker is a row."""
    connection.execute(delete(workers).where(workers.c.last_seen_at < before))
