"""Write tasks: the first transition. A task is queued at once, or scheduled for later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    func,
    insert,
    select,
)

from taskrow.domain.task import Status
from taskrow.errors import DatabaseBusyError
from taskrow.storage.credentials import store_credentials
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.prepared import Once, Prepared
from taskrow.storage.tables import IS_LIVE, task_requests, tasks

# The channels of PostgreSQL's NOTIFY. On SQLite the commit itself is the bell.
WORK = "taskrow_work"  # something can be claimed
DONE = "taskrow_done"  # something has ended

_MOST_TRIES = 10


class NewTask(NamedTuple):
    """A task that is about to be written. ``args`` is JSON text (domain/payload.py).

    ``args_checksum``: by which a change of it is noticed (domain/checksum.py).

    The fields are columns, so that it is the beginning of its row as it stands; its keys come last.
    """

    id: str
    name: str
    args: str
    args_checksum: int | None
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
    checksum: by which a change of request or body is noticed (domain/checksum.py).
    """

    request: str
    body: bytes
    sealed: bytes | None = None
    fingerprint: str | None = None
    checksum: int | None = None

    def known_by(self, fingerprint: str | None) -> StoredRequest:
        """The same, with its fingerprint."""
        return replace(self, fingerprint=fingerprint)


COLUMNS = (*NewTask._fields, "status", "created_at")
PlainRow = tuple[Any, ...]  # the values of PLAIN_COLUMNS, for a task without keys
PLAIN_COLUMNS = tuple(name for name in COLUMNS if not name.endswith("_key"))


class _Inserts:
    """The statements that write a task in one dialect; ``bell`` is rung by what they return."""

    def __init__(self, insert: Callable[[Table], Any], *bell: ColumnElement[Any]) -> None:
        new = insert(tasks)
        numbered = new.returning(tasks.c.seq, *bell)
        fresh = new.on_conflict_do_nothing().returning(tasks.c.seq, *bell)
        self.plain = Prepared(new.returning(*bell) if bell else new, *PLAIN_COLUMNS)
        self.keyed = Prepared(new, *COLUMNS)
        self.numbered = Prepared(numbered, *PLAIN_COLUMNS)
        self.if_free = Prepared(fresh, *COLUMNS)


@cache
def _inserts_of(dialect: str) -> _Inserts:
    if dialect == "sqlite":
        return _Inserts(insert_sqlite)
    return _Inserts(insert_postgresql, func.pg_notify(WORK, ""))  # one round trip less


_KEY_IS = {
    "id": tasks.c.id == bindparam("key"),
    "idempotency": tasks.c.idempotency_key == bindparam("key"),
    "unique": and_(tasks.c.unique_key == bindparam("key"), IS_LIVE),
}
_HOLDER = {kind: Prepared(select(tasks.c.id).where(is_), "key") for kind, is_ in _KEY_IS.items()}
_INSERT_REQUEST = Prepared(
    insert(task_requests), "task_seq", "request", "body", "fingerprint", "checksum"
)


def submission(
    dialect: str, task: NewTask, *, now: datetime, request: StoredRequest | None = None
) -> Callable[[Connection], object]:
    """The work of :meth:`submit`, for ``Database.write``; for most tasks it is one statement.

    It returns an id (a text) where that is another task's, which holds a key of this one.
    """
    if request is None and task.unique_key is None and task.idempotency_key is None:
        return Once(_inserts_of(dialect).plain, plain_row_of(task, now))
    return partial(submit, task=task, now=now, request=request)


def submit(
    connection: Connection, task: NewTask, *, now: datetime, request: StoredRequest | None = None
) -> str:
    """Write one task, with its request where it has one, and ring the bell of PostgreSQL.

    Returns its id; or that of the task that holds its ``idempotency_key`` already, or (while that
    one is not over) its ``unique_key``: then nothing is written. IntegrityError when its id is
    taken.
    """
    inserts = _inserts_of(connection.dialect.name)
    if task.unique_key is not None or task.idempotency_key is not None:
        written = _insert_or_find(connection, inserts, task, (*task, *_state_of(task, now)))
        if isinstance(written, str):
            return written
    elif request is None:
        inserts.plain.change(connection, plain_row_of(task, now))
        return task.id
    else:
        [[written, *_]] = inserts.numbered.fetch(connection, plain_row_of(task, now))
    if request is not None:
        _insert_request(connection, written, request)
    return task.id


def plain_row_of(task: NewTask, now: datetime) -> PlainRow:
    """The row of a task without keys that is written now."""
    return (*task[:-2], *_state_of(task, now))


def _state_of(task: NewTask, now: datetime) -> tuple[Status, datetime]:
    return Status.SCHEDULED if task.run_at > now else Status.QUEUED, now


def ring(connection: Connection, channel: str) -> None:
    """Wake the listeners when this transaction commits (PostgreSQL; SQLite needs no bell)."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(channel, "")))


def _insert_or_find(
    connection: Connection, inserts: _Inserts, task: NewTask, row: tuple[Any, ...]
) -> int | str:
    """Insert a task with keys: its seq; or the id of the task that has one of them."""
    for _ in range(_MOST_TRIES):
        if written := inserts.if_free.fetch(connection, row):
            return int(written[0][0])
        if (holder := _find_holder(connection, task)) is not None:
            return holder  # else it has just ended: try again
        if _HOLDER["id"].fetch(connection, (task.id,)):
            inserts.keyed.change(connection, row)  # for its error: the id is taken
    raise DatabaseBusyError


def _find_holder(connection: Connection, task: NewTask) -> str | None:
    for kind, key in (("idempotency", task.idempotency_key), ("unique", task.unique_key)):
        if key is not None and (found := _HOLDER[kind].fetch(connection, (key,))):
            return str(found[0][0])
    return None


def _insert_request(connection: Connection, seq: int, request: StoredRequest) -> None:
    row = (seq, request.request, request.body, request.fingerprint, request.checksum)
    _INSERT_REQUEST.change(connection, row)
    if request.sealed is not None:
        store_credentials(connection, seq, request.sealed)
