"""When the write-ahead log is folded into the file: by the writer, while it holds the gate.

Never automatically: SQLite before 3.51.3 can corrupt a file when a checkpoint races a commit.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Connection

from taskrow.storage.log_file import LogFile

ERASED = "taskrow.erased"  # the note on a connection that its transaction deleted secrets

_CHECKPOINT_BYTES = 8 * 1024 * 1024
_TRUNCATE_BYTES = 2 * _CHECKPOINT_BYTES
_SCRUB_EVERY = 1.0  # seconds


class Checkpoints:
    """The checkpoints of one process."""

    def __init__(self, path: Path) -> None:
        self.log = LogFile(path)
        self._at = _CHECKPOINT_BYTES
        self._scrubs = False  # the log holds what was deleted for good
        self._next_scrub = 0.0

    @property
    def is_due(self) -> bool:
        """Whether a log that nobody writes to should be cut all the same."""
        return self._at == 0 or (self._scrubs and time.monotonic() >= self._next_scrub)

    def truncate_next(self) -> None:
        """Cut the log after the next commit."""
        self._at = 0

    def after_commit(self, writer: Connection) -> None:
        """Fold the log when it has grown, or holds what must not stay."""
        if writer.info.pop(ERASED, False):
            self._scrubs = True
        if self.is_due:
            self._cut(writer)
        elif self.log.size >= self._at:
            self._fold(writer)

    def _cut(self, writer: Connection) -> None:
        self._next_scrub = time.monotonic() + _SCRUB_EVERY
        if _checkpoint(writer, "TRUNCATE"):
            self._scrubs = False
        self._at = max(_CHECKPOINT_BYTES, self.log.size)

    def _fold(self, writer: Connection) -> None:
        # A log that begins anew is written over, and commits do not pay for its growth; so it is
        # full again when it grows. Each round makes it a little longer, until it is cut.
        size = self.log.size
        began_anew = _checkpoint(writer, "TRUNCATE" if size > _TRUNCATE_BYTES else "RESTART")
        # A reader can hold it back; then it is tried again when it has grown by as much.
        grown = self.log.size + (1 if began_anew else _CHECKPOINT_BYTES)
        self._at = max(_CHECKPOINT_BYTES, grown)


def _checkpoint(writer: Connection, mode: str) -> bool:
    """Fold the log into the file; whether all of it was, so that the log begins anew.

    Trouble is not raised: what is committed stays so, and a full disk fails the next write.
    """
    raw = writer.connection.driver_connection
    assert raw is not None
    try:
        busy, _, _ = raw.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
    except sqlite3.Error:
        return False
    return not busy
