"""Learn at once that another process committed, without asking in a loop.

On SQLite whoever leaves the gate rings (storage/ring.py), and Linux tells it (inotify). Writers
who do not know the gate are heard by what they write to the log: that is before the commit can be
read, so whoever hears it looks a little later, and again. Where there is no inotify, ``PRAGMA
data_version`` is asked every few milliseconds. On PostgreSQL it is LISTEN and NOTIFY. A slow poll
stands behind every bell.
"""

from __future__ import annotations

import ctypes
import math
import os
import struct
import sys
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import Flag, auto
from pathlib import Path
from typing import Any

from taskrow.errors import DatabaseError
from taskrow.storage.database import Database, plain_errors
from taskrow.storage.gate import FileLock, entry_of, write_of
from taskrow.storage.postgres import PostgresDatabase
from taskrow.storage.ring import Rings
from taskrow.storage.sqlite import SqliteDatabase


class Heard(Flag):
    """What a bell says; False where it is silent."""

    NOTHING = 0
    COMMIT = auto()  # there is something to read
    WRITE = auto()  # somebody writes who does not know the gate: soon there may be


class Doorbell(ABC):
    """Rings when somebody committed. Wait on ``fileno``, or ask every ``interval`` seconds."""

    fileno: int | None = None
    interval: float | None = None  # seconds between asking, where there is no file to wait on

    @abstractmethod
    def rang(self) -> Heard:
        """Whether it rang since the last time it was asked, and how."""

    @abstractmethod
    def close(self) -> None:
        """Stop listening."""


def open_doorbell(database: Database, channel: str, *, of_others: bool = False) -> Doorbell:
    """Listen to commits. ``channel`` picks the kind on PostgreSQL (storage/submit.py).

    of_others: those of this process may stay unheard.
    """
    if isinstance(database, PostgresDatabase):
        return ChannelBell(database, channel)
    assert isinstance(database, SqliteDatabase)
    with suppress(OSError, AttributeError):
        if sys.platform == "linux":
            return LogBell(database, of_others=of_others)
    return VersionBell(database)


class LogBell(Doorbell):
    """inotify on the gate and on the write-ahead log: nothing to do until somebody writes."""

    _MODIFIED = 0x2  # IN_MODIFY
    _REMOVED = 0x4 | 0x400 | 0x8000  # IN_ATTRIB, IN_DELETE_SELF, IN_IGNORED
    _EVENT = struct.Struct("iIII")

    def __init__(self, database: SqliteDatabase, *, of_others: bool = False) -> None:
        self._database = database
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._of_others = of_others
        self._entry = FileLock(entry_of(database.path))
        self._heard = self._count()
        self.fileno = self._check(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._watches = False
        self._log_watch = 0
        try:
            self._watch()
        except BaseException:
            self.close()
            raise

    def _watch(self) -> None:
        with self._database.read() as connection:  # the log is there while somebody is connected
            connection.exec_driver_sql("SELECT 1 FROM sqlite_master").fetchall()
        path = self._database.path
        self._entry.close()
        self._entry = FileLock(entry_of(path))  # the one that is there now
        FileLock(write_of(path)).close()
        self._log_watch = self._add_watch(f"{path}-wal")
        self._add_watch(write_of(path))
        self._watches = True

    def _count(self) -> int:
        rings = Rings(self._database.path, self._entry.fileno())
        return rings.of_others() if self._of_others else rings.of_all()

    def _add_watch(self, path: str | Path) -> int:
        mask = self._MODIFIED | self._REMOVED
        return self._check(self._libc.inotify_add_watch(self.fileno, os.fsencode(path), mask))

    def _check(self, result: int) -> int:
        if result < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        return result

    def rang(self) -> Heard:
        events = self._read()
        if any(mask & self._REMOVED for _, mask in events):  # the last to close it deletes the log
            self._watches = False
        if not self._watches:
            with suppress(OSError, DatabaseError):  # then at the next time
                self._watch()
        before, self._heard = self._heard, self._count()
        heard = Heard.NOTHING if before == self._heard else Heard.COMMIT
        # Whoever rings held SQLite's lock: what was written before is committed, or its own.
        return heard | Heard.WRITE if events and events[-1][0] == self._log_watch else heard

    def _read(self) -> list[tuple[int, int]]:
        """The watches and masks of the events."""
        assert self.fileno is not None
        try:
            events = self._EVENT.iter_unpack(os.read(self.fileno, 65536))
        except BlockingIOError:
            return []
        return [(watch, mask) for watch, mask, _, _ in events]

    def close(self) -> None:
        if self.fileno is not None:
            os.close(self.fileno)
            self._entry.close()
            self.fileno = None


class VersionBell(Doorbell):
    """``PRAGMA data_version`` on a connection of its own: 3 microseconds a look, no lock."""

    interval = 0.01

    def __init__(self, database: SqliteDatabase) -> None:
        self._place = database.place
        self._reading = database.read()
        self._connection = self._reading.__enter__()
        self._seen = self._look()

    def _look(self) -> Any:
        with plain_errors(self._place):
            return self._connection.exec_driver_sql("PRAGMA data_version").scalar()

    def rang(self) -> Heard:
        before, self._seen = self._seen, self._look()
        return Heard.NOTHING if before == self._seen else Heard.COMMIT

    def close(self) -> None:
        self._reading.__exit__(None, None, None)


class ChannelBell(Doorbell):
    """LISTEN on a connection of its own; it comes back by itself when the server does."""

    def __init__(self, database: PostgresDatabase, channel: str) -> None:
        self._database, self._first = database, [f"LISTEN {channel}"]
        self._heard = Heard.NOTHING
        self.broke_at = -math.inf  # monotonic: when it was last without a connection
        self.connection = self._listen()

    def _listen(self) -> Any:
        connection = self._database.own_connection("; ".join(self._first))
        self.fileno = connection.fileno()
        return connection

    def keep(self, statement: str) -> None:
        """Run a statement on the connection, and in one step with LISTEN on each later one."""
        self._first.append(statement)
        try:
            self.connection.execute(statement)
        except Exception:  # noqa: BLE001 - see _hear
            self._heard |= self._reconnect()

    def mend(self) -> None:
        """See to it that there is a connection, also while nobody asks whether it rang."""
        self._heard |= self._hear()
        self.interval = 0.0 if self._heard else None  # what was read here wakes nobody

    def rang(self) -> Heard:
        heard = self._heard | self._hear()
        self._heard, self.interval = Heard.NOTHING, None
        return heard

    def _hear(self) -> Heard:
        try:
            heard = list(self.connection.notifies(timeout=0))
            return Heard.COMMIT if heard else Heard.NOTHING
        except Exception:  # noqa: BLE001 - whatever broke the connection, the cure is a new one
            return self._reconnect()

    def _reconnect(self) -> Heard:
        self.close()
        with suppress(DatabaseError):
            self.connection = self._listen()
        self.broke_at = time.monotonic()
        return Heard.COMMIT

    def close(self) -> None:
        self.fileno = None
        self.connection.close()
