"""Which of a queue's priorities holds the task that waits longest.

No index has the tasks of a queue by age, since each would cost every submit and every claim. The
index of the claims has them by age within a priority: the oldest is the first of one of these.
"""

from __future__ import annotations

from sqlalchemy import Connection, ScalarSelect, bindparam, func, literal, select

from taskrow.domain.task import Status
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import status_is, tasks

_MOST = 64  # priorities that are looked at, the lowest first; more than that are a sort of dates

_QUEUED_IN = status_is(Status.QUEUED), tasks.c.queue == bindparam("of_queue")


def _oldest_statement() -> Prepared:
    """Each priority and the row number of its oldest task: two steps into the index."""
    lowest = select(func.min(tasks.c.priority)).where(*_QUEUED_IN)
    levels = select(lowest.scalar_subquery().label("priority"), literal(1).label("n")).cte(
        "levels", recursive=True
    )
    higher = lowest.where(tasks.c.priority > levels.c.priority).scalar_subquery()
    levels = levels.union_all(
        select(higher, levels.c.n + 1).where(levels.c.priority.is_not(None), levels.c.n < _MOST)
    )
    first: ScalarSelect[int] = (
        select(func.min(tasks.c.seq))
        .where(*_QUEUED_IN, tasks.c.priority == levels.c.priority)
        .scalar_subquery()
    )
    return Prepared(
        select(levels.c.priority, first).where(levels.c.priority.is_not(None)), "of_queue"
    )


_OLDEST = _oldest_statement()


def priority_of_oldest(connection: Connection, queue: str) -> int | None:
    """The priority of the task of a queue that waits longest; None where all have one."""
    found = [(seq, priority) for priority, seq in _OLDEST.fetch(connection, [queue])]
    return min(found)[1] if len(found) > 1 else None
