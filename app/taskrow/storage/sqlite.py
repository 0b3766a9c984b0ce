"""SQLite: one writer connection a process behind the fair gate, readers beside it.

Each rule was learned from somebody's lost task: write transactions begin IMMEDIATE (a read that
turns into a write fails at once, whatever the timeout); a commit is fsynced (synchronous=FULL);
checkpoints are made while holding the gate (storage/checkpoints.py).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from taskrow.storage.alone import joined_by, run_alone
from taskrow.storage.commits import GroupCommit
from taskrow.storage.damage import is_undecodable, with_signs
from taskrow.storage.database import Database, plain_errors, raise_plainly
from taskrow.storage.files import database_path, prepare_file
from taskrow.storage.forks import rest_before_forks
from taskrow.storage.prepared import DIRECT
from taskrow.storage.readers import Readers, Reading
from taskrow.storage.same_file import SameFile
from taskrow.storage.writer import Writer

T = TypeVar("T")

_INCREMENTAL = 2

_WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 0",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = FAST",  # it costs nothing; for credentials there is more (see there)
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

    def read(self) -> Reading:
        return self._open().readers.reading()

    def write(self, work: Callable[[Connection], T]) -> T:
        if (joined := joined_by(self)) is not None:
            return work(joined)
        try:
            return self._open().commits.run(work)
        except SQLAlchemyError as error:
            if not is_undecodable(error):
                raise_plainly(self.place, error)
        with plain_errors(self.place):
            return self._open().commits.run(with_signs(work))

    def write_alone(self, work: Callable[[Connection], None], then: Callable[[Connection], T]) -> T:
        def both(connection: Connection) -> T:
            run_alone(self, connection, work)
            return then(connection)

        with plain_errors(self.place):
            return self._open().commits.run_alone(both)

    def migrate(self, work: Callable[[Connection], T]) -> T:
        with plain_errors(self.place):
            return self._open().migrate(work)

    def truncate_log(self) -> None:
        """Fold the write-ahead log into the file and give its space back."""
        with plain_errors(self.place):
            self._open().truncate_log()

    def keep_log(self) -> None:
        """Fold the log before others of its writers have to: the duty of a worker."""
        self._open().keep_log()

    def scrub(self) -> None:
        """Fold the log if it is long, or holds deleted secrets; it waits for a commit otherwise."""
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
        prepare_file(path)
        file = SameFile(path)
        readers = _engine(path, busy_timeout, _set_up_reader)
        self.readers = Readers(file, readers, place=str(path), patience=busy_timeout)
        writers = _engine(path, busy_timeout, _set_up_writer)
        self._writer = Writer(path, file, writers, patience=busy_timeout)
        self.commits = GroupCommit(self._writer.transact)
        self._make_migrator = partial(
            Writer, path, file, _engine(path, busy_timeout, _set_up_migrator), patience=busy_timeout
        )

    def migrate(self, work: Callable[[Connection], T]) -> T:
        """On a connection of its own: foreign keys cannot be switched off in a transaction."""
        migrator = self._make_migrator()
        try:
            return migrator.transact(work)
        finally:
            migrator.close()

    def truncate_log(self) -> None:
        self._writer.checkpoints.truncate_next()
        self.commits.run(lambda _: None)  # the checkpoint comes after it, in its turn at the gate

    def keep_log(self) -> None:
        self._writer.checkpoints.keeps = True

    def scrub(self) -> None:
        if self._writer.checkpoints.is_due:
            self._writer.checkpoints.fold_next()
            self.commits.run(lambda _: None)

    def rest(self) -> None:
        """Close what is not in use; a write of another thread is waited for."""
        if self._writer.is_open and self._writer.thread != threading.get_ident():
            self._writer.rests = True
            with suppress(Exception):  # then it goes on as it is
                self.commits.run(lambda _: None)
            self._writer.rests = False
        self.readers.close_idle()

    def leave_gate(self) -> None:
        """In a fork: a turn that its parent had must not stand when the parent is gone."""
        self._writer.leave_gate()

    def close(self) -> None:
        self._writer.close()
        self.readers.close()


def _engine(path: Path, timeout: float, set_up: Callable[[Any, Any], None]) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,  # what is kept open is kept by Readers and Writer
        connect_args={"timeout": timeout},
        execution_options={DIRECT: True},
    )
    event.listen(engine, "connect", set_up)
    return engine


def _set_up_reader(raw: Any, _: Any) -> None:
    raw.isolation_level = None
    raw.execute("PRAGMA query_only = ON")


def _set_up_writer(raw: Any, _: Any) -> None:
    raw.isolation_level = None  # the driver's own transactions would begin DEFERRED
    if raw.execute("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):  # to say it is a write
        raw.execute("PRAGMA auto_vacuum = INCREMENTAL")  # counts before the first table is made
    for pragma in _WRITER_PRAGMAS:
        raw.execute(pragma).fetchall()


def _set_up_migrator(raw: Any, record: Any) -> None:
    _set_up_writer(raw, record)
    raw.execute("PRAGMA foreign_keys = OFF")
