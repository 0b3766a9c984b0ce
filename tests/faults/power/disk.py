"""What a disk may hold when the power goes: all that was synced, and anything of the rest.

Each write since a file's last fsync is there, is not, or is there by sectors. A file that was
deleted may be back until something was synced after it. (That a disk keeps what it says it keeps
is the one thing that is assumed.)
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.power.journal import CREATE, SYNC, TRUNCATE, UNLINK, Entry

_SECTOR = 512
DROPPED, KEPT, TORN = "dropped", "kept", "torn"  # what was not synced

Content = bytes | bytearray | None  # None: the file is not there
Token = int  # how much of what was done to the file it holds


class _File:
    """One file: what it holds for sure, what it would with all that was done since, and that."""

    def __init__(self) -> None:
        self._sure: bytes | None = None
        self._whole: bytearray | None = None
        self._since: list[Entry] = []
        self._number = 0  # of what was done to it

    @property
    def is_going(self) -> bool:
        """Whether it was deleted, and may come back."""
        return bool(self._since) and self._since[-1].op == UNLINK

    def apply(self, entry: Entry) -> None:
        self._whole = _with(self._whole, entry, None)
        self._since.append(entry)
        self._number += 1

    def settle(self) -> None:
        self._sure = None if self._whole is None else bytes(self._whole)
        self._since = []

    def cut(self, chance: random.Random) -> Left:
        """What it may hold now."""
        if not self._since:
            return Left(self._whole, self._number)
        [kind] = chance.choices((DROPPED, KEPT, TORN), (1, 1, 2))
        if kind == DROPPED:
            return Left(self._sure, self._number - len(self._since), kind)
        if kind == KEPT:
            return Left(self._whole, self._number, kind)
        return Left(self._torn(chance), None, kind)

    def _torn(self, chance: random.Random) -> Content:
        keep = chance.choice((0.1, 0.5, 0.9))
        held = None if self._sure is None else bytearray(self._sure)
        for entry in self._since:
            if chance.random() < keep:
                held = _with(held, entry, chance)
        return held


@dataclass(frozen=True)
class Left:
    """What is left of a file.

    ``token``: by what it is known again; None: it is torn, and like no other. ``kind``: what became
    of that which was not synced; None: there was nothing.
    """

    held: Content
    token: Token | None
    kind: str | None = None


class Disk:
    """The files of one directory of which somebody will read after the cut: ``names``."""

    def __init__(self, names: Iterable[str]) -> None:
        self._files = {name: _File() for name in names}

    def apply(self, entry: Entry) -> None:
        """Let an operation happen."""
        file = self._files.get(entry.name)
        if entry.op != SYNC:
            if file is not None:
                file.apply(entry)
            return
        if file is not None:
            file.settle()
        for other in self._files.values():  # the file system's own journal has gone to disk, too
            if other.is_going:
                other.settle()

    def cut(self, chance: random.Random) -> Image:
        """What may be left."""
        return Image({name: file.cut(chance) for name, file in self._files.items()})


class Image:
    """What is left of the files after a cut."""

    def __init__(self, files: dict[str, Left]) -> None:
        self._files = files

    @property
    def token(self) -> tuple[Token, ...] | None:
        """By what it is known again; None: it is torn, and like no other."""
        tokens = tuple(left.token for left in self._files.values() if left.token is not None)
        return tokens if len(tokens) == len(self._files) else None

    @property
    def kinds(self) -> list[str]:
        """What became of the files that were not synced: dropped, kept, torn."""
        return [left.kind for left in self._files.values() if left.kind is not None]

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return self._files[name].held is not None

    def write(self, directory: Path, there: dict[str, Token | None]) -> None:
        """Write the files into ``directory``. ``there``: what they hold already."""
        for name, left in self._files.items():
            if left.token is not None and there.get(name) == left.token:
                continue
            path = directory / name
            if left.held is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(left.held)
            there[name] = left.token


def _with(held: bytearray | None, entry: Entry, chance: random.Random | None) -> bytearray | None:
    """A file after an operation; ``chance``: with a write that may be torn."""
    if entry.op == UNLINK:
        return None
    if entry.op == CREATE:
        return bytearray() if held is None else held
    if entry.op == TRUNCATE:
        return _resized(held, entry.offset)
    return _written(held, entry, chance)


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
