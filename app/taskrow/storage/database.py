"""One database: read and write transactions, the same on SQLite and on PostgreSQL.

`open_database` picks the kind from the URL. Everything above works through three verbs: ``read``,
``write`` and ``close``; SQL errors come out as taskrow's own, one sentence each.
"""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn, TypeVar

from sqlalchemy import Connection, make_url
from sqlalchemy import exc as sql_errors

from taskrow.errors import DatabaseBusyError, DatabaseError, DiskFullError, SettingsError

T = TypeVar("T")


class Database(ABC):
    """Where the rows are. Safe to share between threads; opens itself anew after a fork."""

    dialect: str
    place: str  # how a person would name it in a sentence; never with a password

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """A connection that reads. DatabaseError when there is none to be had."""

    @abstractmethod
    def write(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one write transaction; it is committed and fsynced when this returns.

        User code never runs inside. DatabaseBusyError when no turn came within the busy timeout.
        """

    @abstractmethod
    def write_alone(self, work: Callable[[Connection], None], then: Callable[[Connection], T]) -> T:
        """Like :meth:`write`, for user code: ``work`` is run once at most, in the caller's thread.

        ``then`` comes after it in the same transaction, and may be run again. WorkFailed
        (storage/alone.py) carries what ``work`` raises; nothing is written then.
        """

    def migrate(self, work: Callable[[Connection], T]) -> T:
        """Like :meth:`write`, for work that may make a table anew: rows of others that refer to its
        rows are left alone meanwhile.
        """
        return self.write(work)

    @abstractmethod
    def close(self) -> None:
        """Let go of every connection and file."""


def open_database(url: str, *, busy_timeout: float) -> Database:
    """The database at an SQLAlchemy URL (``sqlite:////path/file.db`` or ``postgresql://...``).

    SettingsError for any other kind; nothing is opened or created yet.
    """
    try:
        parsed = make_url(url)
    except (sql_errors.ArgumentError, ValueError):  # the second is for a port that is no number
        raise SettingsError(
            "TASKROW_DATABASE_URL is no database URL: write sqlite:////path/to/file.db "
            "or postgresql://user@host/name"
        ) from None
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        from taskrow.storage.sqlite import SqliteDatabase

        return SqliteDatabase(parsed, busy_timeout=busy_timeout)
    if kind == "postgresql":
        from taskrow.storage.postgres import PostgresDatabase

        return PostgresDatabase(parsed, busy_timeout=busy_timeout)
    raise SettingsError(f"taskrow keeps its rows in SQLite or PostgreSQL, not in {kind}")


@contextmanager
def plain_errors(place: str) -> Iterator[None]:
    """Turn what a driver raises into one sentence; a broken rule of the schema stays what it is."""
    try:
        yield
    except sql_errors.SQLAlchemyError as error:
        raise_plainly(place, error)


def raise_plainly(place: str, error: sql_errors.SQLAlchemyError | OSError) -> NoReturn:
    """What :func:`plain_errors` does with an error, where a context manager takes too long.

    Also for what the system says of the files beside an SQLite database.
    """
    if isinstance(error, sql_errors.TimeoutError):
        raise DatabaseBusyError(
            f"the task database {place} cannot be used: no connection became free in time"
        ) from error
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
    elif isinstance(error, sql_errors.DBAPIError) and not isinstance(
        error, sql_errors.IntegrityError
    ):
        reason = str(error.orig).strip().split("\n", 1)[0]
    else:
        raise error
    raise _kind_of(reason)(f"the task database {place} cannot be used: {reason}") from error


def _kind_of(reason: str) -> type[DatabaseError]:
    """What it means: in SQLite's words, or in those of the system, which PostgreSQL quotes."""
    if "database or disk is full" in reason or os.strerror(errno.ENOSPC) in reason:
        return DiskFullError
    busy = "database is locked" in reason or "timeout" in reason
    return DatabaseBusyError if busy else DatabaseError
