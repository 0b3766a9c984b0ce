"""The fair gate: writers of several processes take turns at one SQLite file.

Two flocks on files of their own beside the database. A writer holds the *entry* while it waits for
the *write*, and lets go of the entry once it has it; so a process that has just written finds the
next one standing in the entry and cannot overtake it. SQLite's own busy handler sleeps ever longer
and lets a busy worker starve a web process for seconds.

The kernel keeps the line: it wakes who came first, at the moment at which the one before leaves
(storage/standin.py). Waiting is bounded: a stopped process that holds the gate costs the others an
error, not a hang.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import BuiltinFunctionType, ModuleType

from taskrow.errors import DatabaseBusyError
from taskrow.storage.ring import Rings, sound
from taskrow.storage.standin import StandIn

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # a platform without flock: writers meet with short retries alone
    fcntl = None

_TRY = 0 if fcntl is None else fcntl.LOCK_EX | fcntl.LOCK_NB
# Windows lacks the last two: there no file is inherited, and a link takes rights to make.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_SHORT, _LONG = 0.0001, 0.001  # seconds between tries: at first, and after a hundred


class FileLock:
    """An exclusive flock on a file that is made for it, private to this user (mode 0600).

    make: False for one that must be there; FileNotFoundError where it is not.
    """

    def __init__(self, path: Path, *, make: bool = True) -> None:
        flags = _FLAGS if make else _FLAGS & ~os.O_CREAT
        self._file = os.open(path, flags, 0o600)

    def try_lock(self) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._file, _TRY)
        except BlockingIOError:
            return False
        return True

    def lock(self) -> None:
        """Wait for the lock, however long it takes: in line, as the kernel keeps it."""
        if fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def lock_before(self, deadline: float) -> None:
        """Try until ``deadline`` (monotonic seconds), then DatabaseBusyError."""
        tries = 0
        while not self.try_lock():
            if time.monotonic() > deadline:
                raise DatabaseBusyError
            tries += 1
            time.sleep(_SHORT if tries < 100 else _LONG)

    def unlock(self) -> None:
        if fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)

    def fileno(self) -> int:
        return self._file


class Gate:
    """The turn to write to the database at ``path``. One thread at a time may use it."""

    def __init__(self, path: Path) -> None:
        self._entry, self._write = FileLock(entry_of(path)), FileLock(write_of(path))
        self._rings = Rings(path, self._entry.fileno())
        self._stand_in = StandIn(self._lock_both, self._write.unlock)

    def enter(self, deadline: float) -> None:
        """Take the write lock; DatabaseBusyError when it is not had by ``deadline``."""
        if self._try_both():
            return
        if _has_real_threads():
            with suppress(RuntimeError):  # at the end of a process no thread can be started
                self._stand_in.wait(deadline)
                return
        self._try_often(deadline)

    def leave(self) -> None:
        """Let the next one write, and tell all who listen that something may be written."""
        self._rings.count_up()
        self._write.unlock()
        sound(self._write.fileno())

    @contextmanager
    def turn(self, deadline: float) -> Iterator[None]:
        """Hold the write lock; DatabaseBusyError when it is not had by ``deadline``."""
        self.enter(deadline)
        try:
            yield
        finally:
            self.leave()

    def close(self) -> None:
        """Let go of the files; in a fork of the process too, which has no part in what it held."""
        self._stand_in.dismiss(self._close_files)

    def _close_files(self) -> None:
        self._entry.close()
        self._write.close()

    def _try_both(self) -> bool:
        if self._stand_in.is_in_line or not self._entry.try_lock():
            return False
        try:
            return self._write.try_lock()
        finally:
            self._entry.unlock()

    def _lock_both(self) -> None:
        self._entry.lock()
        try:
            self._write.lock()
        finally:
            self._entry.unlock()

    def _try_often(self, deadline: float) -> None:
        self._entry.lock_before(deadline)
        try:
            self._write.lock_before(deadline)
        finally:
            self._entry.unlock()


def entry_of(database: Path) -> Path:
    """The file that is locked by who is next, and counts who has left."""
    return database.with_name(database.name + "-entry")


def write_of(database: Path) -> Path:
    """The file that is locked by who writes, and changes when that one leaves."""
    return database.with_name(database.name + "-write")


def _has_real_threads() -> bool:
    """Whether a thread may block: where gevent has put its own in their place, all would."""
    return isinstance(time.sleep, BuiltinFunctionType)
