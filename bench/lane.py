"""A lane: one contender on a fresh file, first filled task by task, then drained.

The task is the same everywhere: it takes a number and returns it, and the result is stored. All
lanes keep their rows in SQLite with WAL and synchronous=FULL, so each commit is one fsync.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

_FULL = 2  # what PRAGMA synchronous answers


def same(number: int) -> int:
    """The task."""
    return number


class Lane(ABC):
    """One contender. ``delayed`` and ``drained`` are its titles in the two tables."""

    delayed: str
    drained: str
    threads = 1

    def __init__(self, directory: Path) -> None:
        self.file = directory / "tasks.db"
        self.submitted: dict[str, int] = {}  # id -> the number that the task has to return

    @abstractmethod
    def submit(self, number: int) -> str:
        """Submit one task, and return its id: it is committed then."""

    @abstractmethod
    def drain(self) -> float:
        """Let its worker run all that was submitted, and return tasks per second."""

    @abstractmethod
    def results(self) -> dict[str, int]:
        """The stored result of every task: id -> number."""

    @abstractmethod
    def pragma(self, name: str) -> object:
        """What a PRAGMA answers on the very connection that submits."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file, so that the worker is alone with it."""

    def around(self) -> AbstractContextManager[object]:
        """What a thread has to be in when it submits."""
        return nullcontext()

    @property
    def durability(self) -> str:
        """How its commits reach the disk: asked, not assumed. RuntimeError when they do not."""
        journal, synchronous = self.pragma("journal_mode"), self.pragma("synchronous")
        if synchronous != _FULL:
            raise RuntimeError(f"{self.delayed}: synchronous={synchronous}, so nothing to compare")
        return f"journal_mode={journal}, synchronous=FULL"

    def delay(self, numbers: Sequence[int]) -> float:
        """Submit a task for each number, one by one in each thread; returns the seconds it took."""
        start, before = threading.Barrier(self.threads + 1), len(self.submitted)
        parts = [numbers[place :: self.threads] for place in range(self.threads)]
        threads = [threading.Thread(target=self._submit_all, args=(part, start)) for part in parts]
        for thread in threads:
            thread.start()
        start.wait()
        began = time.perf_counter()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - began
        if len(self.submitted) != before + len(numbers):
            raise RuntimeError(f"{self.delayed}: some submits failed, see above")
        return seconds

    def _submit_all(self, numbers: Sequence[int], start: threading.Barrier) -> None:
        with self.around():
            start.wait()
            for number in numbers:
                self.submitted[self.submit(number)] = number

    def check(self) -> None:
        """Every result is there and right, and there are no others; else RuntimeError."""
        if self.results() != self.submitted:
            raise RuntimeError(f"{self.drained}: its results are not those of what was submitted")
