"""Cut a recording at many points, and look at what is left."""

from __future__ import annotations

import multiprocessing
import random
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from itertools import starmap
from pathlib import Path

from tests.faults.power.audit import Promised, audit
from tests.faults.power.disk import Disk, Image, Token
from tests.faults.power.journal import PROMISE, SYNC, Entry, read_journal
from tests.faults.power.workload import FILE

JOURNAL = f"{FILE}-journal"
FILES = (FILE, f"{FILE}-wal", JOURNAL)  # SQLite reads no other, and makes -shm anew
_MEMORY = Path("/dev/shm")  # images are made by the ten thousand: they need no disk


@dataclass
class Found:
    """What many images showed."""

    images: int = 0
    distinct: int = 0  # the others were like one before, at the same moment
    bad: int = 0
    lost: int = 0  # bad ones in which an accepted task is gone
    promises: int = 0  # how many there were at the end
    kinds: Counter[str] = field(default_factory=Counter)  # what became of files in flight
    wrongs: Counter[str] = field(default_factory=Counter)
    first: str = ""  # the first bad image, to make it again

    def add(self, other: Found) -> None:
        """Take in what another part of the images showed."""
        self.images += other.images
        self.distinct += other.distinct
        self.bad += other.bad
        self.lost += other.lost
        self.kinds += other.kinds
        self.promises = max(self.promises, other.promises)
        self.wrongs += other.wrongs
        self.first = self.first or other.first


def cut_all(log: Path, *, images: int, seed: int, processes: int) -> Found:
    """Make ``images`` images of what a recording's disk may hold, on ``processes`` processes."""
    parts = [(log, images, f"{seed}.{part}", part, processes) for part in range(processes)]
    found = Found()
    if processes == 1:
        results = list(starmap(cut, parts))
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            results = pool.starmap(cut, parts)
    for result in results:
        found.add(result)
    return found


def cut(log: Path, images: int, seed: str, part: int = 0, parts: int = 1) -> Found:
    """Make every ``parts``-th of so many images; the seed says what is left at each."""
    directory = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        entries = list(filter(_matters, read_journal(log)))
        # Spread evenly: with as many images as there are operations, each is cut at once.
        points = Counter(n * len(entries) // images for n in range(part, images, parts))
        return _Saw(directory, seed).cut(entries, points)
    finally:
        shutil.rmtree(directory)


def _matters(entry: Entry) -> bool:
    """Whether it changes what is left, or what is promised."""
    return entry.op in (PROMISE, SYNC) or entry.name in FILES


class _Saw:
    """Goes through a recording once, and stops at its points to look at images."""

    def __init__(self, directory: Path, seed: str) -> None:
        self._directory, self._seed = directory, seed
        self._chance = random.Random(seed)
        self._disk, self._promised, self._found = Disk(FILES), Promised(), Found()
        self._there: dict[str, Token | None] = {}  # what lies in the directory
        self._known: dict[tuple[Token, ...], list[str]] = {}  # since the last promise

    def cut(self, entries: list[Entry], points: Counter[int]) -> Found:
        for number, entry in enumerate(entries):
            if entry.op == PROMISE:
                self._promised.add(entry.promise)
                self._known.clear()
            else:
                self._disk.apply(entry)
            for _ in range(points[number]):
                image = self._disk.cut(self._chance)
                self._found.kinds.update(image.kinds)
                self._note(number, self._look(image))
        self._found.promises = len(self._promised.accepted) + len(self._promised.ended)
        return self._found

    def _note(self, number: int, wrongs: list[str]) -> None:
        found = self._found
        found.images += 1
        if wrongs:
            found.bad += 1
            found.lost += any(wrong.endswith(" gone") for wrong in wrongs)
            found.wrongs.update({wrong.split(" ", 1)[-1][:60] for wrong in wrongs})
            where = f"seed {self._seed} at {number}"
            found.first = found.first or f"{where}: {'; '.join(wrongs)[:300]}"

    def _look(self, image: Image) -> list[str]:
        token = image.token
        if token is not None and token in self._known:
            return self._known[token]
        self._found.distinct += 1
        image.write(self._directory, self._there)
        # What must be rolled back is changed by who looks at it; all else stays what it is.
        is_changed = image.has(JOURNAL)
        wrongs = audit(self._directory / FILE, self._promised, read_only=not is_changed)
        self._clean(everything=is_changed)
        if token is not None:
            self._known[token] = wrongs
        return wrongs

    def _clean(self, *, everything: bool) -> None:
        """Leave nothing for the next image but what is written there."""
        if everything:
            self._there.clear()
        for left in self._directory.iterdir():
            if everything or left.name not in FILES:
                left.unlink()
