"""The fair gate: writers of several processes take turns at one SQLite file.

Two flocks on files of their own beside the database. A writer holds the *entry* while it waits for
the *write*, and lets go of the entry once it has it; so a process that has just written finds the
next one standing in the entry and cannot overtake it. SQLite's own busy handler sleeps ever longer
and lets a busy worker starve a web process for seconds.

Waiting is bounded: a stopped process that holds the gate costs the others an error, not a hang.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from taskrow.errors import DatabaseBusyError

fcntl: ModuleType | None
try:
    import fcntl
except ImportError:  # a platform without flock: writers meet with short retries alone
    fcntl = None

# Windows lacks the last two: there no file is inherited, and a link takes rights to make.
_FLAGS = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_SHORT, _LONG = 0.0001, 0.001  # seconds between tries: at first, and after a hundred


class FileLock:
    """An exclusive flock on a file that is made for it, private to this user (mode 0600)."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, _FLAGS, 0o600)

    def try_lock(self) -> bool:
        if fcntl is None:
            return True
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def lock(self, deadline: float) -> None:
        """Wait for the lock until ``deadline`` (monotonic seconds), then DatabaseBusyError."""
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
    """The turn to write to the database at ``path``."""

    def __init__(self, path: Path) -> None:
        self._entry = FileLock(path.with_name(path.name + "-entry"))
        self._write = FileLock(path.with_name(path.name + "-write"))

    def enter(self, deadline: float) -> None:
        """Take the write lock; DatabaseBusyError when it is not had by ``deadline``."""
        self._entry.lock(deadline)
        try:
            self._write.lock(deadline)
        finally:
            self._entry.unlock()

    def leave(self) -> None:
        """Let the next one write."""
        self._write.unlock()

    @contextmanager
    def turn(self, deadline: float) -> Iterator[None]:
        """Hold the write lock; DatabaseBusyError when it is not had by ``deadline``."""
        self.enter(deadline)
        try:
            yield
        finally:
            self.leave()

    def close(self) -> None:
        self._entry.close()
        self._write.close()
