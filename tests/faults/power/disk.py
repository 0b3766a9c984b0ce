"""What a disk may hold when the power goes: all that was synced, and anything of the rest.

Each write since a file's last fsync is there, is not, or is there by sectors. A file that was
deleted may be back until something was synced after it. (That a disk keeps what it says it keeps
is the one thing that is assumed.)
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from tests.faults.power.journal import CREATE, SYNC, TRUNCATE, UNLINK, WRITE, Entry

_SECTOR = 512


class _File:
    """One file: what it holds for sure, and what was done to it since."""

    def __init__(self) -> None:
        self.sure: bytearray | None = None  # None: it is not there
        self.since: list[Entry] = []

    def settle(self) -> None:
        self.sure = self._with(self.since, None)
        self.since = []

    def torn(self, chance: random.Random) -> bytearray | None:
        """What it may hold now."""
        if not self.since:
            return self.sure
        kind = chance.random()
        if kind < 0.25:
            return self.sure
        if kind < 0.5:
            return self._with(self.since, None)
        keep = chance.choice((0.1, 0.5, 0.9))
        return self._with([one for one in self.since if chance.random() < keep], chance)

    def _with(self, entries: Iterable[Entry], chance: random.Random | None) -> bytearray | None:
        held = None if self.sure is None else bytearray(self.sure)
        for entry in entries:
            if entry.op == UNLINK:
                held = None
            elif entry.op == CREATE:
                held = bytearray() if held is None else held
            elif entry.op == TRUNCATE:
                held = _resized(held, entry.offset)
            elif entry.op == WRITE:
                held = _written(held, entry, chance)
        return held


class Disk:
    """All files of one directory."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def apply(self, entry: Entry) -> None:
        """Let an operation happen."""
        file = self._files.setdefault(entry.name, _File())
        if entry.op != SYNC:
            file.since.append(entry)
            return
        file.settle()
        for other in self._files.values():  # the file system's own journal has gone to disk, too
            if other.since and other.since[-1].op == UNLINK:
                other.settle()

    def cut(self, chance: random.Random, directory: Path) -> None:
        """Write what may be left into ``directory``."""
        for name, file in self._files.items():
            path = directory / name
            held = file.torn(chance)
            if held is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(held)


def _resized(held: bytearray | None, length: int) -> bytearray:
    held = bytearray() if held is None else held
    del held[length:]
    held.extend(b"\0" * (length - len(held)))
    return held


def _written(held: bytearray | None, entry: Entry, chance: random.Random | None) -> bytearray:
    held = _resized(held, max(len(held or b""), entry.offset + len(entry.data)))
    if chance is None or chance.random() < 0.7:
        held[entry.offset : entry.offset + len(entry.data)] = entry.data
        return held
    for start in range(0, len(entry.data), _SECTOR):  # torn: some sectors of it
        if chance.random() < 0.5:
            piece = entry.data[start : start + _SECTOR]
            held[entry.offset + start : entry.offset + start + len(piece)] = piece
    return held
