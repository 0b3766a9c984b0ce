"""The connections of a process that read its SQLite file: a few, kept open, taken and given back.

A status read takes some ten microseconds; SQLAlchemy's own pool, which resets a connection each
time, would take as many again. A reader is in autocommit and cannot write: there is nothing to
reset, and no statement that was read to its end keeps the log from being folded.
"""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from types import TracebackType

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from taskrow.errors import DatabaseBusyError
from taskrow.storage.database import raise_plainly
from taskrow.storage.same_file import SameFile

# Reads take microseconds, so hundreds of threads share few connections: they are faster in line
# for these than with one each, which would have to be opened. Never read inside of a read.
_MOST = 12


class Readers:
    """Safe to share between threads. ``patience``: seconds to stand in line for a connection."""

    def __init__(self, file: SameFile, engine: Engine, *, place: str, patience: float) -> None:
        self._file, self._engine = file, engine
        self._place, self._patience = place, patience
        self._idle: deque[Connection] = deque()
        self._open = self._waiting = 0
        self._closed = False
        self._changed = threading.Condition()

    def reading(self) -> Reading:
        """A connection for the time of a ``with``; errors come out as taskrow's own."""
        return Reading(self, self._place)

    def take(self) -> Connection:
        """A connection that is this thread's until it is given back, or dropped."""
        self._file.must_be_there_lately()
        try:
            return self._idle.pop()  # the newest one: what is not needed is never opened
        except IndexError:
            return self._wait_or_open()

    def give_back(self, connection: Connection) -> None:
        self._idle.append(connection)
        if self._waiting or self._closed:
            self._look_after_it()

    def drop(self, connection: Connection) -> None:
        """Close it instead: after an error nobody knows what it is worth."""
        connection.close()
        self._leave_place()

    def close_idle(self) -> None:
        """Close those that nobody reads with; they come back when they are needed."""
        while (connection := self._pop()) is not None:
            self.drop(connection)

    def close(self) -> None:
        """Close them, and those that are still in use when they are given back."""
        self._closed = True
        self.close_idle()

    def _wait_or_open(self) -> Connection:
        with self._changed:
            self._waiting += 1  # before the look: who gives one back after it wakes us
            try:
                found = self._changed.wait_for(self._connection_or_place, self._patience)
            finally:
                self._waiting -= 1
        if isinstance(found, Connection):
            return found
        if not found:
            raise DatabaseBusyError(
                f"the task database {self._place} cannot be used: no connection became free in time"
            )
        try:
            return self._engine.connect()
        except BaseException:
            self._leave_place()
            raise

    def _connection_or_place(self) -> Connection | bool:
        """A connection; or True: one more may be opened, and is counted already."""
        if (connection := self._pop()) is not None:
            return connection
        is_place = self._open < _MOST
        self._open += is_place
        return is_place

    def _pop(self) -> Connection | None:
        with suppress(IndexError):
            return self._idle.pop()
        return None

    def _leave_place(self) -> None:
        with self._changed:
            self._open -= 1
            self._changed.notify()

    def _look_after_it(self) -> None:
        if self._closed:
            self.close_idle()
        with self._changed:
            self._changed.notify()


class Reading:
    """A connection that is given back in the end; a generator would take a microsecond more."""

    __slots__ = ("_connection", "_place", "_readers")

    def __init__(self, readers: Readers, place: str) -> None:
        self._readers, self._place = readers, place

    def __enter__(self) -> Connection:
        try:
            self._connection = self._readers.take()
        except SQLAlchemyError as error:
            raise_plainly(self._place, error)
        return self._connection

    def __exit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if error is None:
            self._readers.give_back(self._connection)
            return
        self._readers.drop(self._connection)
        if isinstance(error, SQLAlchemyError):
            raise_plainly(self._place, error)
