"""The credentials of stored requests: sealed, and there only until the task is final."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from taskrow.errors import CredentialsGoneError
from taskrow.storage.checkpoints import ERASED
from taskrow.storage.tables import task_credentials, task_requests, tasks


def store_credentials(connection: Connection, seq: int, sealed: bytes) -> None:
    """Keep what the web process sealed (domain/sealing.py)."""
    connection.execute(insert(task_credentials), {"task_seq": seq, "sealed": sealed})


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

    SQLite overwrites what it deletes (``secure_delete``); what the write-ahead log still holds is
    gone when it is cut, at once or within a second (storage/checkpoints.py).
    """
    statement = delete(task_credentials).where(task_credentials.c.task_seq.in_(seqs))
    if connection.execute(statement).rowcount > 0:
        connection.info[ERASED] = True
