"""SQLite: one writer connection a process behind the fair gate, readers beside it.

Each rule was learned from somebody's lost task: write transactions begin IMMEDIATE (a read that
turns into a write fails at once, whatever the timeout); a commit is fsynced (synchronous=FULL);
checkpoints are made while holding the gate (storage/checkpoints.py).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool, QueuePool

from taskrow.errors import DatabaseError
from taskrow.storage.alone import WorkFailed, joined_by, run_alone
from taskrow.storage.checkpoints import Checkpoints
from taskrow.storage.commits import GroupCommit
from taskrow.storage.database import Database, plain_errors
from taskrow.storage.files import database_path, prepare_file
from taskrow.storage.forks import rest_before_forks
from taskrow.storage.gate import Gate
from taskrow.storage.same_file import SameFile

T = TypeVar("T")

_OUTSIDER_RETRY = 0.001  # seconds; an admin's shell does not know of the gate

# Reads take microseconds, so hundreds of threads share few connections: they are faster in line
# for these than with one each, which would have to be opened. Never read inside of a read.
_READERS = {"pool_size": 12, "max_overflow": 0, "pool_use_lifo": True}

_WRITER_PRAGMAS = (
    "PRAGMA auto_vacuum = INCREMENTAL",  # only counts before the first table is made
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # credentials are overwritten when they are deleted
    "PRAGMA busy_timeout = 0",  # from here on waiting is the gate's work
)


class SqliteDatabase(Database):
    """A task database in one file."""

    dialect = "sqlite"

    def __init__(self, url: URL, *, busy_timeout: float) -> None:
        self.path = database_path(url.database)
        self.place = str(self.path)
        self._busy_timeout = busy_timeout
        self._state: _Open | None = None
        self._abandoned: list[_Open] = []  # a parent's connections must not be closed in its child
        self._opening = threading.Lock()
        rest_before_forks(self)

    def read(self) -> Any:
        return self._open().read()

    def write(self, work: Callable[[Connection], T]) -> T:
        if (joined := joined_by(self)) is not None:
            return work(joined)
        with plain_errors(self.place):
            return self._open().commits.run(work)

    def write_alone(self, work: Callable[[Connection], None], then: Callable[[Connection], T]) -> T:
        def both(connection: Connection) -> T:
            run_alone(self, connection, work)
            return then(connection)

        with plain_errors(self.place):
            return self._open().commits.run_alone(both)

    def truncate_log(self) -> None:
        """Fold the write-ahead log into the file and give its space back."""
        with plain_errors(self.place):
            self._open().truncate_log()

    def scrub(self) -> None:
        """Cut the log if it holds deleted secrets; it waits for a commit otherwise."""
        with plain_errors(self.place):
            self._open().scrub()

    def close(self) -> None:
        if self._state is not None and self._state.pid == os.getpid():
            self._state.close()
        self._state = None

    def rest(self) -> None:
        """Before a fork: close what is not in use. It comes back when it is needed."""
        if self._state is not None and self._state.pid == os.getpid():
            self._state.rest()

    def _open(self) -> _Open:
        state = self._state
        if state is not None and state.pid == os.getpid():
            return state
        with self._opening:
            state = self._state
            if state is None or state.pid != os.getpid():
                if state is not None:
                    state.leave_gate()
                    self._abandoned.append(state)
                state = self._state = _Open(self.path, self._busy_timeout)
            return state


class _Open:
    """What one process holds of the database: connections, the gate, the order of commits."""

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self.pid = os.getpid()
        self._path = path
        self._busy_timeout = busy_timeout
        self._checkpoints = Checkpoints(path)
        self._deadline = 0.0
        self._gate: Gate | None = None
        self._connection: Connection | None = None
        self._writing_thread: int | None = None
        self._rests = False
        prepare_file(path)
        self._file = SameFile(path)
        in_line = _READERS | {"pool_timeout": busy_timeout}
        self._readers = _engine(path, busy_timeout, _set_up_reader, QueuePool, **in_line)
        self._writers = _engine(path, busy_timeout, _set_up_writer, NullPool)
        event.listen(self._writers, "begin", self._begin_immediate)
        self.commits = GroupCommit(self._transaction)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._file.must_be_there_lately()
        with plain_errors(str(self._path)), self._readers.connect() as connection:
            yield connection

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        self._deadline = time.monotonic() + self._busy_timeout
        if self._gate is None:
            self._gate = Gate(self._path)
        with self._gate.turn(self._deadline):
            writer = self._writer()  # its first act may be to set the file to WAL: one at a time
            self._writing_thread = threading.get_ident()
            try:
                with self._healthy(writer), writer.begin():
                    yield writer
                    _must_stand(writer)
            finally:
                self._writing_thread = None
            self._file.must_be_there()
            self._checkpoints.after_commit(writer)
            if self._rests:
                self._close_writer()

    def _writer(self) -> Connection:
        if self._connection is None:
            self._connection = self._writers.connect()
        return self._connection

    def _close_writer(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _healthy(self, writer: Connection) -> Iterator[None]:
        """After trouble with the file, or in user code, the next begins on a new connection."""
        try:
            yield
        except (OperationalError, WorkFailed):
            self._connection = None
            writer.invalidate()
            writer.close()
            raise

    def _begin_immediate(self, connection: Connection) -> None:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                if "locked" not in str(error.orig) or time.monotonic() > self._deadline:
                    raise
                time.sleep(_OUTSIDER_RETRY)
            else:
                return

    def truncate_log(self) -> None:
        self._checkpoints.truncate_next()
        self.commits.run(lambda _: None)  # the checkpoint comes after it, in its turn at the gate

    def scrub(self) -> None:
        if self._checkpoints.is_due:
            self.commits.run(lambda _: None)

    def rest(self) -> None:
        """Close what is not in use; a write of another thread is waited for."""
        if self._connection is not None and self._writing_thread != threading.get_ident():
            self._rests = True
            with suppress(Exception):  # then it goes on as it is
                self.commits.run(lambda _: None)
            self._rests = False
        self._readers.dispose()

    def leave_gate(self) -> None:
        """In a fork: a turn that its parent had must not stand when the parent is gone."""
        if self._gate is not None:
            self._gate.close()

    def close(self) -> None:
        self._close_writer()
        self._readers.dispose()
        self._writers.dispose()
        if self._gate is not None:
            self._gate.close()


def _engine(
    path: Path, timeout: float, set_up: Callable[[Any, Any], None], pool: type[Any], **more: Any
) -> Engine:
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, poolclass=pool, connect_args={"timeout": timeout}, **more)
    event.listen(engine, "connect", set_up)
    return engine


def _set_up_reader(raw: Any, _: Any) -> None:
    raw.isolation_level = None
    raw.execute("PRAGMA query_only = ON")


def _set_up_writer(raw: Any, _: Any) -> None:
    raw.isolation_level = None  # the driver's own transactions would begin DEFERRED
    for pragma in _WRITER_PRAGMAS:
        raw.execute(pragma).fetchall()


def _must_stand(writer: Connection) -> None:
    """On a full disk SQLite itself undoes a transaction, and to commit it then does nothing."""
    raw: Any = writer.connection.driver_connection
    if not raw.in_transaction:
        raise DatabaseError("an error inside the transaction has undone it")
