"""Write tasks: the first transition. A task is queued at once, or scheduled for later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from taskrow.domain.task import Status
from taskrow.storage.tables import task_requests, tasks

# The channels of PostgreSQL's NOTIFY. On SQLite the commit itself is the bell.
WORK = "taskrow_work"  # something can be claimed
DONE = "taskrow_done"  # something has ended


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task that is about to be written. ``args`` is JSON text (domain/payload.py)."""

    id: str
    name: str
    args: str
    queue: str
    priority: int
    retries: int
    crash_limit: int
    run_at: datetime


@dataclass(frozen=True)
class StoredRequest:
    """The HTTP request of a task that is a view: JSON text, and the raw body."""

    request: str
    body: bytes


def submit(
    connection: Connection, task: NewTask, *, now: datetime, request: StoredRequest | None = None
) -> None:
    """Write one task, with its request where it has one, and ring the bell of PostgreSQL."""
    connection.execute(insert(tasks), _row(task, now))
    if request is not None:
        seq = select(tasks.c.seq).where(tasks.c.id == task.id).scalar_subquery()
        row = {"task_seq": seq, "request": request.request, "body": request.body}
        connection.execute(insert(task_requests).values(row))
    ring(connection, WORK)


def ring(connection: Connection, channel: str) -> None:
    """Wake the listeners when this transaction commits (PostgreSQL; SQLite needs no bell)."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(channel, "")))


def _row(task: NewTask, now: datetime) -> Mapping[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "args": task.args,
        "queue": task.queue,
        "priority": task.priority,
        "retries": task.retries,
        "crash_limit": task.crash_limit,
        "status": Status.SCHEDULED if task.run_at > now else Status.QUEUED,
        "run_at": task.run_at,
        "created_at": now,
    }
