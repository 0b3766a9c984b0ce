"""Whether queues are empty: asked at each commit by who waits for it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Exists, exists, literal, or_, select

from taskrow.domain.task import Status
from taskrow.storage.lanes import is_paused
from taskrow.storage.tables import status_is, tasks

_UNPAUSED = ~is_paused(tasks.c.queue)
_RUNNING, _QUEUED, _SCHEDULED = map(status_is, (Status.RUNNING, Status.QUEUED, Status.SCHEDULED))


def is_drained(connection: Connection, names: Collection[str], *, now: datetime) -> bool:
    """Whether nothing runs in these queues (none given: in any), and nothing waits that could run.

    That is: queued in a queue that is not paused, or due, or between two attempts. It is one
    statement, since a task may go from one status to the next between two; and one EXISTS a status,
    so that each has its own index. The last one, which reads all that is scheduled, comes last.
    """
    waits = _SCHEDULED, _UNPAUSED
    found = or_(
        _is_there(names, _RUNNING),
        _is_there(names, _QUEUED, _UNPAUSED),
        _is_there(names, *waits, tasks.c.run_at <= now),
        _is_there(names, *waits, tasks.c.attempt > 0),
    )
    # As a condition, of which SQLite reads no more than it needs to know it.
    return connection.execute(select(literal(1)).where(found)).first() is None


def _is_there(names: Collection[str], *conditions: ColumnElement[bool]) -> Exists:
    found = exists().where(*conditions)
    return found.where(tasks.c.queue.in_(names)) if names else found
