"""taskrow's own SQLite database, with a moment for others before and after each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Connection

from taskrow.errors import DatabaseError
from taskrow.storage.database import Database
from tests.simulation.hub import Machine

T = TypeVar("T")


class _UndoneError(Exception):
    pass


class SimulatedDatabase(Database):
    """What one machine sees of the file."""

    dialect = "sqlite"

    def __init__(self, inner: Database, machine: Machine) -> None:
        self._inner, self._machine = inner, machine
        self.place = inner.place

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._machine.between_calls()
        with self._inner.read() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        with self._trouble() as undone:
            return self._inner.write(_undoing(work) if undone else work)

    def write_alone(self, work: Callable[[Connection], None], then: Callable[[Connection], T]) -> T:
        with self._trouble() as undone:
            return self._inner.write_alone(work, _undoing(then) if undone else then)

    def close(self) -> None:
        self._inner.close()

    def wait(self, seconds: float) -> None:
        """Let so much virtual time go by."""
        self._machine.hub.sleep(seconds)

    @contextmanager
    def _trouble(self) -> Iterator[bool]:
        """Around a write: what goes wrong with it. True: it is to be undone in the middle."""
        self._machine.between_calls()
        trouble = self._machine.trouble()
        if trouble == "refused":
            raise DatabaseError("the disk is full")
        try:
            yield trouble == "undone"
        except _UndoneError:
            raise DatabaseError("something went wrong in the middle") from None
        if trouble == "unknown":
            raise DatabaseError("the connection is gone; who knows what was written")
        self._machine.between_calls()


def _undoing(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    def undone(connection: Connection) -> T:
        work(connection)
        raise _UndoneError

    return undone
