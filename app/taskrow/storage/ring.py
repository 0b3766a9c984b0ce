"""The ring that follows a commit: how often anybody has left the gate, and the sound of it.

The write-ahead log changes before a commit can be read. The number is one higher when it can, in
the file of the entry, written by who holds the gate; then, when the gate is free, the file of the
write is written to, of which Linux tells whoever watches it (storage/doorbell.py). So who is woken
does not find the gate taken by who woke it.
"""

from __future__ import annotations

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_BYTES = 8
_CAN_RING = hasattr(os, "pwrite")  # Windows cannot, and nobody listens there

_own: defaultdict[Path, int] = defaultdict(int)  # how often this process rang, by database


class Rings:
    """How often it rang for a database at ``path``, in an open file."""

    def __init__(self, path: Path, file: int) -> None:
        self._path, self._file = path, file

    def count_up(self) -> None:
        """One more. Only who holds the gate may."""
        if not _CAN_RING:
            return
        _own[self._path] += 1
        with suppress(OSError):  # a full disk: then they hear the log, and look a little later
            os.pwrite(self._file, (self.of_all() + 1).to_bytes(_BYTES, "little"), 0)

    def of_others(self) -> int:
        """A number that changes when another process rings."""
        return self.of_all() - _own[self._path]

    def of_all(self) -> int:
        """A number that changes when anybody rings."""
        return int.from_bytes(os.pread(self._file, _BYTES, 0), "little")


def sound(file: int) -> None:
    """Wake who watches this file."""
    if _CAN_RING:
        with suppress(OSError):
            os.pwrite(file, b"!", 0)
