"""taskrow's own tables on SQLite, with a moment for others before and after each call.

One thread plays all machines, so transactions never meet: one connection serves them all, to a
database in memory. Files, locks and power are for other harnesses.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, StaticPool, create_engine

from taskrow.domain.settings import Settings
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.errors import DatabaseError
from taskrow.storage.alone import run_alone
from taskrow.storage.database import Database
from taskrow.storage.prepared import DIRECT, drive, driver_of
from taskrow.storage.tables import metadata
from tests.simulation.hub import Machine

T = TypeVar("T")

_PLACE = "(memory)"
_EMPTY = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]


class SimulatedDatabase(Database):
    """What one machine sees of the tables."""

    dialect = "sqlite"
    place = _PLACE

    def __init__(self, connection: Connection, machine: Machine) -> None:
        self._connection, self._machine = connection, machine

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._machine.between_calls()
        yield self._connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """What goes wrong with it: it is refused, undone in the middle, or its news is lost."""
        machine = self._machine
        machine.between_calls()
        trouble = machine.trouble()
        if trouble == "refused":
            raise DatabaseError("the disk is full")
        done = self._transact(work, undone=trouble == "undone")
        if trouble == "unknown":
            raise DatabaseError("the connection is gone; who knows what was written")
        machine.between_calls()
        return done

    def write_alone(self, work: Callable[[Connection], None], then: Callable[[Connection], T]) -> T:
        def both(connection: Connection) -> T:
            run_alone(self, connection, work)
            return then(connection)

        return self.write(both)

    def close(self) -> None: ...

    def wait(self, seconds: float) -> None:
        """Let so much virtual time go by."""
        self._machine.hub.sleep(seconds)

    def _transact(self, work: Callable[[Connection], T], *, undone: bool) -> T:
        connection = self._connection
        drive(connection, "BEGIN IMMEDIATE")
        try:
            done = work(connection)
            if undone:
                raise DatabaseError("something went wrong in the middle")
            drive(connection, "COMMIT")
        except BaseException:
            driver_of(connection).rollback()
            raise
        return done


def empty_tables() -> Connection:
    """The connection of this process, to tables without a row, and one of the users' own."""
    connection = _connection()
    driver = driver_of(connection)
    for statement in (*_EMPTY, "DELETE FROM effects"):
        driver.execute(statement)
    return connection


@cache
def _connection() -> Connection:
    engine = create_engine("sqlite://", poolclass=StaticPool, execution_options={DIRECT: True})
    connection = engine.connect()
    driver = driver_of(connection)
    driver.isolation_level = None
    with tempfile.TemporaryDirectory() as directory:
        _copy_tables(Path(directory) / "made.db", driver)
    driver.execute("PRAGMA foreign_keys = ON")
    driver.execute("CREATE TABLE effects (task TEXT NOT NULL)")
    connection.begin()  # to SQLAlchemy all is one transaction, as in storage/writer.py
    return connection


def _copy_tables(file: Path, driver: sqlite3.Connection) -> None:
    settings = Settings(database_url=f"sqlite:///{file}")
    with closing(QueueEngine(settings, Registry())) as engine:
        engine.database  # noqa: B018 - to ask for it makes the tables
    with closing(sqlite3.connect(file)) as made:
        made.backup(driver)
