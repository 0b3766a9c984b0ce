"""The one connection of a process that writes to its SQLite file, and its transactions.

BEGIN and COMMIT go to the driver: to SQLAlchemy its connection is in one transaction for as long as
it is open, so work may use it as any other, and a commit takes two calls less than its own (which
were 20 of 60 microseconds that a submit took beside the fsync).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from taskrow.errors import DatabaseError
from taskrow.storage.alone import WorkFailed
from taskrow.storage.checkpoints import Checkpoints
from taskrow.storage.database import raise_plainly
from taskrow.storage.gate import Gate
from taskrow.storage.prepared import Once, drive, driver_of
from taskrow.storage.same_file import SameFile

log = logging.getLogger("taskrow.database")

T = TypeVar("T")

_OUTSIDER_RETRY = 0.001  # seconds


class Writer:
    """One thread at a time may use it; other processes wait at the gate meanwhile.

    ``patience``: seconds to wait for the turn, at most.
    """

    def __init__(self, path: Path, file: SameFile, engine: Engine, *, patience: float) -> None:
        self._path, self._file = path, file
        self._engine, self._patience = engine, patience
        self.checkpoints = Checkpoints(path)
        self._gate: Gate | None = None
        self._connection: Connection | None = None
        self._notes: dict[Any, Any] = {}  # on the connection
        self.thread: int | None = None  # which one is in a transaction
        self.rests = False  # to be closed after the transaction
        self.may_stand = False  # the COMMIT of the last transaction was sent

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in a transaction; it is committed and fsynced when this returns.

        DatabaseBusyError when there is no turn in time; DatabaseError, SQLAlchemy's errors, and
        whatever the work raises: then nothing of it stands, unless ``may_stand`` says that it may.
        """
        self.may_stand = False
        deadline = time.monotonic() + self._patience
        gate = self._gate or self._open_gate()
        gate.enter(deadline)
        try:
            done = self._run(work, deadline)
            self._file.must_be_there()
            self._after_commit()
        finally:
            gate.leave()
        return done

    def _run(self, work: Callable[[Connection], T], deadline: float) -> T:
        connection = self._connection or self._connect()
        is_one_statement = isinstance(work, Once)
        self.thread = threading.get_ident()
        try:
            if is_one_statement:
                self.may_stand = True
                return _despite_outsiders(work, connection, deadline)
            _despite_outsiders(_begin, connection, deadline)
            done = work(connection)
            _must_stand(connection)
            self.may_stand = True
            drive(connection, "COMMIT")
            if connection.in_nested_transaction():  # which user code has left open
                connection.rollback()
                connection.begin()
        except BaseException as error:
            self._undo(connection, error)
            raise
        finally:
            self.thread = None
        return done

    def _undo(self, connection: Connection, error: BaseException) -> None:
        """After trouble with the file, or in user code, the next begins on a new connection."""
        is_undone = _roll_back(connection)
        is_trouble = isinstance(error, OperationalError | WorkFailed)
        if is_trouble or not is_undone or not connection.in_transaction():
            self._give_up(connection)

    def _give_up(self, connection: Connection) -> None:
        self._connection = None
        connection.invalidate()
        connection.close()

    def _after_commit(self) -> None:
        """What is done for upkeep: its trouble is nobody's who has heard of no commit yet."""
        connection = self._connection
        assert connection is not None
        try:
            self.checkpoints.after_commit(connection, self._notes)
            if self.rests:
                self._close_connection()
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            log.warning("the upkeep of %s failed after a commit: %s", self._path, error)
            _roll_back(connection)
            self._give_up(connection)

    def _open_gate(self) -> Gate:
        try:
            self._gate = Gate(self._path)
        except OSError as error:
            raise_plainly(str(self._path), error)
        return self._gate

    def _connect(self) -> Connection:
        # Its first act may be to set the file to WAL, so this is done in a turn at the gate.
        self.checkpoints.log.let_go()
        self._connection = connection = self._engine.connect()
        self._notes = connection.info
        connection.begin()
        return connection

    def _close_connection(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self.checkpoints.log.let_go()

    def leave_gate(self) -> None:
        """In a fork: a turn that its parent had must not stand when the parent is gone."""
        self.checkpoints.log.let_go()
        if self._gate is not None:
            self._gate.close()

    def close(self) -> None:
        """Let go of the connection and of the gate."""
        self._close_connection()
        self._engine.dispose()
        self.leave_gate()


def _begin(connection: Connection) -> None:
    drive(connection, "BEGIN IMMEDIATE")


def _roll_back(connection: Connection) -> bool:
    """Undo what the driver has begun. False: nobody knows whether it is.

    To close the connection is not enough: while a cursor of it lives (in the traceback of an error
    that somebody keeps), SQLite leaves the transaction open, and its lock would stop all writers.
    """
    if connection.closed or connection.invalidated:
        return False
    try:
        driver_of(connection).rollback()
    except sqlite3.Error:
        return False
    return True


def _despite_outsiders(
    attempt: Callable[[Connection], T], connection: Connection, deadline: float
) -> T:
    """Try until nobody holds SQLite's lock who did not come through the gate: an admin's shell."""
    while True:
        try:
            return attempt(connection)
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
        time.sleep(_OUTSIDER_RETRY)


def _must_stand(connection: Connection) -> None:
    """On a full disk SQLite itself undoes a transaction, and to commit it then does nothing."""
    if not driver_of(connection).in_transaction:
        raise DatabaseError("an error inside the transaction has undone it")
