"""User code inside a write transaction: run once, in a transaction that it shares with nobody.

What its thread writes meanwhile (a submit, say) joins that transaction: on SQLite it would wait for
itself otherwise, and on PostgreSQL it would stand whatever becomes of the transaction.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection

from taskrow.errors import DatabaseError

if TYPE_CHECKING:
    from taskrow.storage.database import Database

T = TypeVar("T")

_here = threading.local()
_IN_TRANSACTION = 2  # libpq's PQTRANS_INTRANS


class WorkFailed(Exception):  # noqa: N818 - it carries an error, it is none itself
    """The user's code failed; ``error`` is what it raised, to be told as it is."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def joined_by(database: Database) -> Connection | None:
    """The connection of the transaction in which this thread runs user code on ``database``."""
    inside: tuple[Database, Connection] | None = getattr(_here, "inside", None)
    return inside[1] if inside is not None and inside[0] is database else None


@contextmanager
def _joining(database: Database, connection: Connection) -> Iterator[None]:
    _here.inside = database, connection
    try:
        yield
    finally:
        _here.inside = None


def run_alone(database: Database, connection: Connection, work: Callable[[Connection], T]) -> T:
    """Run user code in the transaction of ``connection``. WorkFailed carries what it raises."""
    try:
        with _joining(database, connection):
            done = work(connection)
    except Exception as error:
        raise WorkFailed(error) from error
    _must_stand(connection)
    return done


def _must_stand(connection: Connection) -> None:
    """The user's code may have ended the transaction, or gone on after an error that undid it."""
    if connection.in_transaction():
        raw: Any = connection.connection.driver_connection
        if connection.dialect.name == "sqlite":
            stands = raw.in_transaction
        else:
            stands = raw.info.transaction_status == _IN_TRANSACTION
        if stands:
            return
    raise DatabaseError(
        "the work has ended the transaction that it was given, or an SQL error in it did: "
        "leave commit and rollback to taskrow, and let such errors out"
    )
