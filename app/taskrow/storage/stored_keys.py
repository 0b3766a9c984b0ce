"""The names that an application gives to single tasks, to find them again from any process.

They stand in ``idempotency_key``, whose index lets one row hold a name for as long as it is there.
"""

from __future__ import annotations

from sqlalchemy import Connection, delete, func, select, update

from taskrow.domain.task import Task
from taskrow.storage import queries
from taskrow.storage.tables import tasks


def find_by_key(connection: Connection, key: str) -> Task | None:
    """The task that holds this ``idempotency_key``."""
    held = select(tasks.c.id).where(tasks.c.idempotency_key == key)
    task_id = connection.execute(held).scalar()
    return None if task_id is None else queries.find(connection, task_id)


def count_keys(connection: Connection, prefix: str) -> int:
    """How many tasks hold an ``idempotency_key`` that begins so."""
    held = tasks.c.idempotency_key
    count = select(func.count()).where(held.is_not(None), held.startswith(prefix, autoescape=True))
    return int(connection.execute(count).scalar_one())


def give_key(connection: Connection, task_id: str, key: str) -> bool:
    """Let a task hold a key. False: it is over, so its row cannot change; IntegrityError: taken."""
    statement = update(tasks).where(tasks.c.id == task_id, tasks.c.finished_at.is_(None))
    return connection.execute(statement.values(idempotency_key=key)).rowcount == 1


def free_key(connection: Connection, key: str) -> Task | None:
    """Free a key: the row of a task that is over goes with it. Returns the task as it stood."""
    task = find_by_key(connection, key)
    if task is None:
        return None
    mine = tasks.c.id == task.id, tasks.c.idempotency_key == key
    if task.status.final:
        statement = delete(tasks).where(*mine, tasks.c.finished_at.is_not(None))
        return task if connection.execute(statement).rowcount == 1 else None
    waiting = update(tasks).where(*mine, tasks.c.finished_at.is_(None))
    if connection.execute(waiting.values(idempotency_key=None)).rowcount == 1:
        return task
    return free_key(connection, key)  # it ended at this moment
