"""When the write-ahead log is folded into the file: by a writer, while it holds the gate.

Never automatically: SQLite before 3.51.3 can corrupt a file when a checkpoint begins on a log that
is folded already, and another connection's commit begins the log anew at that moment. Whoever takes
turns at the gate cannot do that; the application's own connections and an admin's shell take none.
So each checkpoint follows a commit that wrote, in the same turn: then the log holds what is not
folded, and nobody can begin it anew until the checkpoint is done.

A checkpoint takes some milliseconds, for which all writers wait: so it comes often enough to be
short, and a worker makes it before the log has grown so much that a submit would have to; in a turn
of its own, so that nobody waits for an exchange and a checkpoint in one.
"""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from taskrow.storage.log_file import LogFile
from taskrow.storage.prepared import driver_of

log = logging.getLogger("taskrow.database")

ERASED = "taskrow.erased"  # the note on a connection that its transaction deleted secrets

_MEGABYTE = 1024 * 1024
_CHECKPOINT_BYTES = 4 * _MEGABYTE  # 3.5 ms on a quick disk; twice as many, 5 ms
_UNKEPT = 2  # so many times longer the log is when a process sees that nobody keeps it
_CUT = 1.5  # and when it has come to be so many times as long, it is cut
_LATE = 1.5  # so many times longer a keeper lets it be, that has no turn of its own for it
_LONG_BYTES = 64 * _MEGABYTE  # so long is no log that can be folded
_SCRUB_EVERY = 1.0  # seconds


class Checkpoints:
    """The checkpoints of one process. ``keeps``: they are its duty before that of others."""

    def __init__(self, path: Path) -> None:
        self._path, self.log = path, LogFile(path)
        self._at = 1  # where it was folded last, or could not be
        self.keeps = False
        self._has_turn = False  # the next commit is there for nothing else
        self._told = 0  # bytes
        self._scrubs = False  # the log holds what was deleted for good
        self._next_scrub = 0.0

    @property
    def is_due(self) -> bool:
        """Whether the log should be folded, be there something to write or not."""
        return self._is_to_be_cut or (self.keeps and self._has_grown())

    @property
    def _is_to_be_cut(self) -> bool:
        return self._at == 0 or (self._scrubs and time.monotonic() >= self._next_scrub)

    @property
    def _least(self) -> int:
        return _CHECKPOINT_BYTES if self.keeps else _UNKEPT * _CHECKPOINT_BYTES

    def _has_grown(self, times: float = 1) -> bool:
        return self.log.size >= max(self._at, times * self._least)

    def truncate_next(self) -> None:
        """Cut the log after the next commit."""
        self._at = 0

    def fold_next(self) -> None:
        """Do what is due after the next commit."""
        self._has_turn = True

    def after_commit(self, writer: Connection, notes: dict[Any, Any]) -> None:
        """Fold the log when it has grown, or holds what must not stay.

        notes: the writer's own, which take half a microsecond to find.
        """
        if notes.pop(ERASED, False):
            self._scrubs = True
        if self._at == 0 or self._scrubs:
            if self._is_to_be_cut:
                self._cut(writer)
        elif self.log.size >= self._at:
            waits_for_turn = self.keeps and not self._has_turn
            if self._has_grown(_LATE if waits_for_turn else 1):
                self._fold(writer)
        self._has_turn = False

    def _cut(self, writer: Connection) -> None:
        self._next_scrub = time.monotonic() + _SCRUB_EVERY
        if _fold_log(writer, "TRUNCATE"):
            self._scrubs = False
        self._at = max(1, self.log.size)

    def _fold(self, writer: Connection) -> None:
        # A log that begins anew is written over, and commits do not pay for its growth; so it is
        # full again when it grows. Each round makes it a little longer, until it is cut.
        size = self.log.size
        began_anew = _fold_log(writer, "TRUNCATE" if size > _CUT * self._least else "RESTART")
        self._told = 0 if began_anew else self._tell(size)
        # A reader can hold it back; then it is tried again when it has grown by as much.
        self._at = self.log.size + (1 if began_anew else _CHECKPOINT_BYTES)

    def _tell(self, size: int) -> int:
        """Say that somebody reads without an end, and again when the log is twice as long."""
        if size < max(_LONG_BYTES, 2 * self._told):
            return self._told
        log.warning(
            "the log %s has grown to %d MB, for somebody reads %s without an end: close the shells "
            "and programs that have a transaction open on it",
            self.log, size // _MEGABYTE, self._path.name,
        )  # fmt: skip
        return size


def _fold_log(writer: Connection, mode: str) -> bool:
    """Fold the log into the file; whether all of it was, so that the log begins anew.

    Trouble is not raised: what is committed stays so, and a full disk fails the next write.
    """
    driver = driver_of(writer)
    try:
        _write_something(driver)
        return _checkpoint(driver, mode)
    except sqlite3.Error:
        driver.rollback()
        return False


def _write_something(driver: sqlite3.Connection) -> None:
    """Commit a page as it is: whatever came before may have changed nothing."""
    driver.execute("BEGIN IMMEDIATE")
    [version] = driver.execute("PRAGMA user_version").fetchone()
    driver.execute(f"PRAGMA user_version = {version:d}")
    driver.execute("COMMIT")


def _checkpoint(driver: sqlite3.Connection, mode: str) -> bool:
    busy, _, _ = driver.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    return not busy
