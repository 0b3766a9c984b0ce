"""The credentials of stored requests: sealed, and there only until the task is final."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, delete, insert, select

from taskrow.errors import CredentialsGoneError
from taskrow.storage.checkpoints import ERASED
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import task_credentials, task_requests, tasks

_INSERT = Prepared(insert(task_credentials), "task_seq", "sealed")


def store_credentials(connection: Connection, seq: int, sealed: bytes) -> None:
    """Keep what the web process sealed (domain/sealing.py)."""
    _INSERT.change(connection, (seq, sealed))


def find_credentials(connection: Connection, task_id: str) -> bytes | None:
    """The sealed credentials of a task; None where it has none, or is over."""
    return connection.execute(
        select(task_credentials.c.sealed).join(tasks).where(tasks.c.id == task_id)
    ).scalar()


def refuse_without_credentials(connection: Connection, task_id: str) -> None:
    """CredentialsGoneError for a task whose request had credentials that are not there any more."""
    request = connection.execute(
        select(task_requests.c.request).join(tasks).where(tasks.c.id == task_id)
    ).scalar()
    if request is not None and find_credentials(connection, task_id) is None:
        check_had_none(request)


def check_had_none(request: str) -> None:
    """CredentialsGoneError where a stored request (its JSON text) had credentials."""
    if names := json.loads(request)["sealed"]:
        raise CredentialsGoneError(
            f"the credentials ({', '.join(names)}) were erased when the task ended: it cannot run "
            "again as its client; have the client submit it once more"
        )


def erase_credentials(connection: Connection, seqs: Sequence[int]) -> None:
    """Delete them, in the transaction that ends the tasks.

    SQLite overwrites what is deleted here (``secure_delete``); what the write-ahead log still holds
    is gone when it is cut, at once or within a second (storage/checkpoints.py).
    """
    mine = task_credentials.c.task_seq.in_(seqs)
    if connection.execute(select(task_credentials.c.task_seq).where(mine).limit(1)).first() is None:
        return
    with _overwriting(connection):
        connection.execute(delete(task_credentials).where(mine))
    connection.info[ERASED] = True


@contextmanager
def _overwriting(connection: Connection) -> Iterator[None]:
    """Have SQLite overwrite whole pages that become free, not only rows in pages that stay.

    Not all the time: each page of a large result that is purged would be written once more.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA secure_delete = ON").close()
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete = FAST").close()
