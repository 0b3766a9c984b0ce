"""Write tasks: the first transition. A task is queued at once, or scheduled for later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from taskrow.domain.task import Status
from taskrow.errors import DatabaseBusyError
from taskrow.storage.credentials import store_credentials
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.tables import IS_LIVE, task_requests, tasks

# The channels of PostgreSQL's NOTIFY. On SQLite the commit itself is the bell.
WORK = "taskrow_work"  # something can be claimed
DONE = "taskrow_done"  # something has ended

_MOST_TRIES = 10


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
    expires_at: datetime | None = None
    owner: str | None = None
    unique_key: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True)
class StoredRequest:
    """The HTTP request of a task that is a view: JSON text, and the raw body.

    sealed: its credentials (domain/sealing.py). fingerprint: by which a repetition is known.
    """

    request: str
    body: bytes
    sealed: bytes | None = None
    fingerprint: str | None = None

    def known_by(self, fingerprint: str | None) -> StoredRequest:
        """The same, with its fingerprint."""
        return replace(self, fingerprint=fingerprint)


def submit(
    connection: Connection, task: NewTask, *, now: datetime, request: StoredRequest | None = None
) -> str:
    """Write one task, with its request where it has one, and ring the bell of PostgreSQL.

    Returns its id; or that of the task that holds its ``idempotency_key`` already, or (while that
    one is not over) its ``unique_key``: then nothing is written. IntegrityError when its id is
    taken.
    """
    if task.unique_key is None and task.idempotency_key is None:
        connection.execute(insert(tasks), row_of(task, now))
    elif (holder := _insert_or_find(connection, task, now)) is not None:
        return holder
    if request is not None:
        _insert_request(connection, task.id, request)
    ring(connection, WORK)
    return task.id


def _insert_or_find(connection: Connection, task: NewTask, now: datetime) -> str | None:
    """Insert a task with keys; or the id of the task that has one of them."""
    insert_new = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    statement = insert_new(tasks).on_conflict_do_nothing().returning(tasks.c.seq)
    for _ in range(_MOST_TRIES):
        if connection.execute(statement, row_of(task, now)).scalar() is not None:
            return None
        if (holder := _find_holder(connection, task)) is not None:
            return holder  # else it has just ended: try again
        if connection.execute(select(tasks.c.seq).where(tasks.c.id == task.id)).first():
            connection.execute(insert(tasks), row_of(task, now))  # for its error: the id is taken
    raise DatabaseBusyError


def _find_holder(connection: Connection, task: NewTask) -> str | None:
    if task.idempotency_key is not None:
        same = tasks.c.idempotency_key == task.idempotency_key
        if (found := connection.execute(select(tasks.c.id).where(same)).scalar()) is not None:
            return str(found)
    if task.unique_key is None:
        return None
    live = select(tasks.c.id).where(tasks.c.unique_key == task.unique_key, IS_LIVE)
    return connection.execute(live).scalar()


def _insert_request(connection: Connection, task_id: str, request: StoredRequest) -> None:
    seq = connection.execute(select(tasks.c.seq).where(tasks.c.id == task_id)).scalar_one()
    row = {
        "task_seq": seq,
        "request": request.request,
        "body": request.body,
        "fingerprint": request.fingerprint,
    }
    connection.execute(insert(task_requests), row)
    if request.sealed is not None:
        store_credentials(connection, seq, request.sealed)


def ring(connection: Connection, channel: str) -> None:
    """Wake the listeners when this transaction commits (PostgreSQL; SQLite needs no bell)."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(channel, "")))


def row_of(task: NewTask, now: datetime) -> Mapping[str, Any]:
    """The columns of a task that is written now."""
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
        "expires_at": task.expires_at,
        "created_at": now,
        "owner": task.owner,
        "unique_key": task.unique_key,
        "idempotency_key": task.idempotency_key,
    }
