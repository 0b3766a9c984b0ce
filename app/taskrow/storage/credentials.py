"""The credentials of stored requests: sealed, and there only until the task is final."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from taskrow.storage.checkpoints import ERASED
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import task_credentials, tasks

_INSERT = Prepared(insert(task_credentials), "task_seq", "sealed")


def store_credentials(connection: Connection, seq: int, sealed: bytes) -> None:
    """Keep what the web process sealed (domain/sealing.py)."""
    _INSERT.change(connection, (seq, sealed))


def find_credentials(connection: Connection, task_id: str) -> bytes | None:
    """The sealed credentials of a task; None where it has none, or is over."""
    return connection.execute(
        select(task_credentials.c.sealed).join(tasks).where(tasks.c.id == task_id)
    ).scalar()


def erase_credentials(connection: Connection, seqs: Sequence[int]) -> None:
    """Delete them, in the transaction that ends the tasks.

    SQLite overwrites what it deletes (``secure_delete``); what the write-ahead log still holds is
    gone when it is cut, at once or within a second (storage/checkpoints.py).
    """
    statement = delete(task_credentials).where(task_credentials.c.task_seq.in_(seqs))
    if connection.execute(statement).rowcount > 0:
        connection.info[ERASED] = True
