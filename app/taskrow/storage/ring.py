"""The ring that follows a commit: a number in the file of the gate, one higher each time.

The write-ahead log changes before a commit can be read; this number changes when it can. Linux
tells whoever watches the file (storage/doorbell.py).
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_BYTES = 8
_CAN_RING = hasattr(os, "pwrite")  # Windows cannot, and nobody listens there

_own: defaultdict[Path, int] = defaultdict(int)  # how often this process rang, by database


class Ring:
    """The ring of a database at ``path``, in an open file."""

    def __init__(self, path: Path, file: int) -> None:
        self._path, self._file = path, file

    def ring(self) -> None:
        """Tell all who listen. Only who holds the gate may."""
        if not _CAN_RING:
            return
        _own[self._path] += 1
        with suppress(OSError):  # a full disk: then they hear the log, and look a little later
            os.pwrite(self._file, (self.count() + 1).to_bytes(_BYTES, "little"), 0)

    def of_others(self) -> int:
        """A number that changes when another process rings."""
        return self.count() - _own[self._path]

    def count(self) -> int:
        """A number that changes when anybody rings."""
        return int.from_bytes(os.pread(self._file, _BYTES, 0), "little")
