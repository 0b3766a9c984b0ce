"""Reads: one task, many tasks, what waits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, bindparam, func, select

from taskrow.domain.task import FIELDS, Status, Task, status_of
from taskrow.storage.claims import Attempt
from taskrow.storage.damage import despite_damage
from taskrow.storage.lanes import is_paused
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import status_is, tasks
from taskrow.storage.types import UtcTime, as_time

WHOLE = tuple(tasks.c[name] for name in FIELDS)  # what a record has of a row
_FIND = Prepared(select(*WHOLE).where(tasks.c.id == bindparam("task_id")), "task_id")
_STATUS_AT = FIELDS.index("status")
_TIMES_AT = [at for at, name in enumerate(FIELDS) if isinstance(tasks.c[name].type, UtcTime)]
_NEXT_DUE = Prepared(select(func.min(tasks.c.run_at)).where(status_is(Status.SCHEDULED)))
_NEXT_QUEUE = (
    select(func.min(tasks.c.queue).label("name"))
    .where(status_is(Status.QUEUED), tasks.c.queue > bindparam("after"))
    .subquery()
)
_NEXT_WAITING = Prepared(select(_NEXT_QUEUE.c.name, is_paused(_NEXT_QUEUE.c.name)), "after")
_QUEUED_IN = Prepared(
    select(tasks.c.seq)
    .where(
        status_is(Status.QUEUED),
        tasks.c.queue == bindparam("of_queue"),
        ~is_paused(bindparam("of_queue")),
    )
    .limit(1),
    "of_queue",
)
_CANCELS_ASKED = Prepared(
    select(tasks.c.seq, tasks.c.attempt, tasks.c.terminate_requested_at.is_not(None)).where(
        status_is(Status.RUNNING),
        tasks.c.worker == bindparam("of_worker"),
        tasks.c.cancel_requested_at.is_not(None),
    ),
    "of_worker",
)

_AT_ONCE = 500  # ids in one statement: SQLite takes 32766, and a long list is compiled anew


def find(connection: Connection, task_id: str) -> Task | None:
    """The task with this id."""
    for row in _FIND.fetch(connection, (task_id,)):
        return _task_of_driver(row)
    return None


def find_many(connection: Connection, task_ids: Collection[str]) -> list[Task]:
    """Those of the given tasks that are there."""
    wanted, found = list(task_ids), list[Task]()
    for start in range(0, len(wanted), _AT_ONCE):
        some = select(*WHOLE).where(tasks.c.id.in_(wanted[start : start + _AT_ONCE]))
        found += whole_rows(connection, some)
    return found


def list_tasks(
    connection: Connection,
    *,
    statuses: Sequence[Status] = (),
    queue: str | None = None,
    name: str | None = None,
    limit: int = 50,
) -> list[Task]:
    """The newest tasks that fit."""
    query = select(*WHOLE).order_by(tasks.c.seq.desc()).limit(limit)
    if set(statuses) == {Status.RUNNING}:  # an index has those, and they are few
        query = query.where(status_is(Status.RUNNING))
    elif statuses:
        query = query.where(tasks.c.status.in_(statuses))
    if queue is not None:
        query = query.where(tasks.c.queue == queue)
    if name is not None:
        query = query.where(tasks.c.name == name)
    return whole_rows(connection, query)


def whole_rows(connection: Connection, query: Select[Any]) -> list[Task]:
    """The records that a query over whole rows finds, damaged ones among them."""

    @despite_damage
    def read(connection: Connection) -> list[Task]:
        return [task_of(row) for row in connection.execute(query).mappings()]

    return read(connection)


def is_anything_queued(connection: Connection, queues: Sequence[str] | None = None) -> bool:
    """Whether a task waits for a worker of these queues (None: of any) that is not paused."""
    if queues is None:
        return next(_waiting(connection), None) is not None
    return any(_QUEUED_IN.fetch(connection, [queue]) for queue in queues)


def cancels_asked(connection: Connection, worker: str) -> dict[Attempt, bool]:
    """The attempts that this worker runs and that shall stop; True: at once, terminated."""
    return {
        (seq, attempt): bool(now)
        for seq, attempt, now in _CANCELS_ASKED.fetch(connection, [worker])
    }


def next_due(connection: Connection) -> datetime | None:
    """When the next scheduled task is due."""
    [(due,)] = _NEXT_DUE.fetch(connection, ())
    return None if due is None else as_time(due)


def next_due_by_name(connection: Connection) -> dict[str, datetime]:
    """When the next scheduled task of each name is due."""
    query = select(tasks.c.name, func.min(tasks.c.run_at)).where(status_is(Status.SCHEDULED))
    return dict(tuple(row) for row in connection.execute(query.group_by(tasks.c.name)))


def queues_waiting(connection: Connection) -> list[str]:
    """The queues in which something is queued and that are not paused."""
    return list(_waiting(connection))


def _waiting(connection: Connection) -> Iterator[str]:
    """By a skip scan: one look a queue, not a row; it tells whether the queue is paused, too."""
    [(name, paused)] = _NEXT_WAITING.fetch(connection, [""])
    while name is not None:
        if not paused:
            yield name
        [(name, paused)] = _NEXT_WAITING.fetch(connection, [name])


def _task_of_driver(row: Sequence[Any]) -> Task:
    """The record of a whole row as the driver gives it, in the order of the fields."""
    values = list(row)
    values[_STATUS_AT] = status_of(values[_STATUS_AT])
    for at in _TIMES_AT:
        if values[at] is not None:
            values[at] = as_time(values[at])
    return Task.of_values(values)


def task_of(row: RowMapping) -> Task:
    """The record of a whole row."""
    return Task(**{**row, "status": status_of(row["status"])})
