"""The write-ahead log as a file: how long it is, which is asked after each commit."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


class LogFile:
    """The log beside the database at ``path``.

    It is asked by a seek in a file that stays open. A stat has Linux (6.13 and later) tell the next
    write from it by a time stamp of its own: that wrote the inode with each commit, which then took
    150 microseconds instead of 110. (To open the log is harmless: its locks are elsewhere.)
    """

    def __init__(self, path: Path) -> None:
        self._path = f"{path}-wal"
        self._file: int | None = None

    def __str__(self) -> str:
        return self._path

    @property
    def size(self) -> int:
        """Bytes; 0 where there is no log, or where the system does not tell: it is asked again."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDONLY)
            return os.lseek(self._file, 0, os.SEEK_END)
        except OSError:  # no descriptor is free, say: what is committed stays so
            self._file = None  # where it was open, somebody else closed it, and it is not ours now
            return 0

    def let_go(self) -> None:
        """Close it: whoever is the last to close the database deletes its log."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                os.close(file)
