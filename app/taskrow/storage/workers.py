"""The workers table: for people to read. Nothing may depend on it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, insert, update

from taskrow.storage.tables import workers


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
    connection.execute(update(workers).where(workers.c.id == worker).values(last_seen_at=now))


def sign_off(connection: Connection, worker: str, *, now: datetime) -> None:
    """A worker has stopped in good order."""
    connection.execute(
        update(workers).where(workers.c.id == worker).values(last_seen_at=now, stopped_at=now)
    )


def forget(connection: Connection, *, before: datetime) -> None:
    """Delete those that were last seen before a time: each start of a worker is a row."""
    connection.execute(delete(workers).where(workers.c.last_seen_at < before))
