"""Keep everybody else from a database file: for what must not happen under a running process."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from taskrow.errors import DatabaseBusyError, DatabaseError
from taskrow.storage.gate import Gate, fcntl
from taskrow.storage.liveness import living_workers
from taskrow.storage.locks import CONNECTED, users_of
from taskrow.storage.snapshots import opened, tables_of

_BELOW = 2  # the bytes before CONNECTED, which SQLite locks to write


@contextmanager
def sole_use(database: Path, patience: float) -> Iterator[sqlite3.Connection | None]:
    """Hold a database alone. DatabaseBusyError, with who it is, where another process has it open.

    Its log is folded in, so that the one file is all of it. Yields a connection to it; None where
    there is no file, or SQLite cannot make sense of it. ``patience``: seconds to wait for others.
    """
    if workers := living_workers(database):
        raise DatabaseBusyError(f"{database} is in use by worker {', '.join(workers)}: stop it")
    try:
        gate = Gate(database)
    except OSError as error:
        raise DatabaseError(
            f"nothing can be written beside {database}: {error.strerror}"
        ) from error
    with closing(gate), gate.turn(time.monotonic() + patience):
        if not database.exists():
            yield None
        elif (connection := _lock(database, patience)) is not None:
            with closing(connection):
                yield connection
        else:
            with _bytes_locked(database):
                yield None


def _lock(database: Path, patience: float) -> sqlite3.Connection | None:
    if not _is_one(database):
        return None
    connection = sqlite3.connect(database, isolation_level=None, timeout=patience)
    try:
        connection.execute("PRAGMA journal_mode = DELETE")  # which needs to be the only one
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        connection.close()
        if "locked" in str(error):
            raise _in_use(database) from error
        return None
    return connection


def _is_one(database: Path) -> bool:
    """Whether SQLite can read it. Where it cannot, its log must stay as it is.

    Looked at without the right to write, for SQLite deletes a log that is not of the file.
    """
    if database.stat().st_size == 0:
        return False
    try:
        with opened(database) as connection:
            return bool(tables_of(connection))
    except DatabaseError as error:
        return "locked" in str(error)


@contextmanager
def _bytes_locked(database: Path) -> Iterator[None]:
    """The locks that SQLite would take, on a file that it cannot read any more."""
    try:
        file = os.open(database, os.O_RDWR)
    except OSError as error:
        raise DatabaseError(f"{database} cannot be opened: {error.strerror}") from error
    try:
        _lock_bytes(file, database)
        yield
    finally:
        os.close(file)


def _lock_bytes(file: int, database: Path) -> None:
    if fcntl is None:
        return
    try:
        fcntl.lockf(
            file, fcntl.LOCK_EX | fcntl.LOCK_NB, len(CONNECTED) + _BELOW, CONNECTED.start - _BELOW
        )
    except OSError as error:
        raise _in_use(database) from error


def _in_use(database: Path) -> DatabaseBusyError:
    users = users_of(database) or "another process"
    return DatabaseBusyError(
        f"{database} is in use by {users}: stop the web server and the workers"
    )
