"""What a disk may hold when the power goes: all that was synced, and anything of the rest.

Each write since a file's last fsync is there, is not, or is there by sectors. A file that was
deleted may be back until something was synced after it. (That a disk keeps what it says it keeps
is the one thing that is assumed.)
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

from tests.faults.power.journal import CREATE, SYNC, TRUNCATE, UNLINK, Entry

_SECTOR = 512


Content = bytes | bytearray | None  # None: the file is not there
Token = tuple[str, int]


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

    def torn(self, chance: random.Random) -> tuple[Content, Token | None]:
        """What it may hold now, and by what that is known; None: nobody has had it before."""
        kind = chance.random()
        if kind < 0.25:
            return self._sure, ("sure", self._number - len(self._since))
        if kind < 0.5 or not self._since:
            return self._whole, ("sure", self._number)
        keep = chance.choice((0.1, 0.5, 0.9))
        held = None if self._sure is None else bytearray(self._sure)
        for entry in self._since:
            if chance.random() < keep:
                held = _with(held, entry, chance)
        return held, None


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
        return Image({name: file.torn(chance) for name, file in self._files.items()})


class Image:
    """What is left of the files after a cut."""

    def __init__(self, files: dict[str, tuple[Content, Token | None]]) -> None:
        self._files = files

    @property
    def token(self) -> tuple[Token, ...] | None:
        """By what it is known again; None: it is torn, and like no other."""
        tokens = tuple(token for _, token in self._files.values() if token is not None)
        return tokens if len(tokens) == len(self._files) else None

    def has(self, name: str) -> bool:
        """Whether a file is there."""
        return self._files[name][0] is not None

    def write(self, directory: Path, there: dict[str, Token | None]) -> None:
        """Write the files into ``directory``. ``there``: what they hold already."""
        for name, (held, token) in self._files.items():
            if token is not None and there.get(name) == token:
                continue
            path = directory / name
            if held is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(held)
            there[name] = token


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
