"""Whether queues are empty: asked at each commit by who waits for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from taskrow.domain.task import Status
from taskrow.storage.lanes import is_paused
from taskrow.storage.queries import is_anything_queued
from taskrow.storage.tables import status_is, tasks

_RUNNING, _SCHEDULED = status_is(Status.RUNNING), status_is(Status.SCHEDULED)


def is_drained(connection: Connection, names: Collection[str], *, now: datetime) -> bool:
    """Whether nothing runs in these queues (none given: in any), and nothing waits that could run.

    That is: queued in a queue that is not paused, or due, or between two attempts. One status at a
    time, so that each is found by its own index; the last, which reads all that is scheduled, only
    when there is nothing else.
    """
    if _is_there(connection, names, _RUNNING) or is_anything_queued(
        connection, list(names) or None
    ):
        return False
    waits = _SCHEDULED, ~is_paused(tasks.c.queue)
    return not (
        _is_there(connection, names, *waits, tasks.c.run_at <= now)
        or _is_there(connection, names, *waits, tasks.c.attempt > 0)
    )


def _is_there(
    connection: Connection, names: Collection[str], *conditions: ColumnElement[bool]
) -> bool:
    query = select(tasks.c.seq).where(*conditions).limit(1)
    if names:
        query = query.where(tasks.c.queue.in_(names))
    return connection.execute(query).first() is not None
