"""What a runner was handed and has not reported: so many as it has threads run, the others wait.

A runner takes its assignments in the order in which they came, so the first ones are running; this
is all that a supervisor needs to know of the threads in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from taskrow.storage.claims import Claim


@dataclass(eq=False, slots=True)
class Held:
    """One task in the hands of a runner."""

    claim: Claim
    since: float | None = None  # monotonic: when it began, as far as is known; None: not yet
    committing_since: float | None = None  # monotonic: it commits itself since then
    has_committed: bool = False  # it is over, though its function is not yet
    waits: bool = False  # for another task; it keeps its thread, and does nothing

    @property
    def may_be_over(self) -> bool:
        """Whether its row may be, by its own commit."""
        return self.has_committed or self.committing_since is not None


class Flight:
    """The tasks of one runner, in the order in which they begin. Times are monotonic seconds."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._held: deque[Held] = deque()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(self._held)

    def add(self, claim: Claim, now: float) -> Held:
        """It was handed over; it begins at once where a thread is free."""
        held = Held(claim, now if len(self._held) < self._threads else None)
        self._held.append(held)
        return held

    def find(self, seq: int, attempt: int) -> Held | None:
        """The task of this row and attempt; None where the runner does not hold it."""
        for held in self._held:
            if held.claim.seq == seq and held.claim.attempt == attempt:
                return held
        return None

    def remove(self, held: Held, now: float) -> Held | None:
        """The runner holds it no more; returns the one that begins in its place."""
        self._held.remove(held)
        if held.since is None or len(self._held) < self._threads:
            return None
        begins = self._held[self._threads - 1]
        begins.since = now
        return begins

    @property
    def running(self) -> list[Held]:
        return list(islice(self._held, self._threads))

    @property
    def waiting(self) -> list[Held]:
        return list(islice(self._held, self._threads, None))

    @property
    def has_waiting(self) -> bool:
        return len(self._held) > self._threads

    @property
    def waits(self) -> int:
        """How many of its tasks wait for others."""
        return sum(held.waits for held in islice(self._held, self._threads))

    def full_since(self) -> float | None:
        """Since when nothing has ended while all threads run something; None: one is free."""
        if len(self._held) < self._threads:
            return None
        return max(held.since or 0.0 for held in islice(self._held, self._threads))
