"""What running tasks say of themselves: the newest word of each, written at most every 100 ms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from taskrow.storage.claims import Attempt, Claim

_EVERY = 0.1  # seconds, for one task


class ProgressBook:
    """Progress that is not written yet. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._unwritten: dict[Attempt, tuple[Claim, str]] = {}
        self._written_at: dict[Attempt, float] = {}

    def note(self, claim: Claim, said: str) -> None:
        """A task said something (JSON text); what it said before, if unwritten, is forgotten."""
        self._unwritten[claim.which] = (claim, said)

    def due(self, moment: float) -> list[tuple[Claim, str]]:
        """What may be written now."""
        return [
            entry
            for which, entry in self._unwritten.items()
            if moment - self._written_at.get(which, 0.0) >= _EVERY
        ]

    def next_due(self, moment: float) -> float | None:
        """Seconds until something may be written; None when there is nothing."""
        if not self._unwritten:
            return None
        first = min(self._written_at.get(which, 0.0) for which in self._unwritten)
        return max(0.0, first + _EVERY - moment)

    @property
    def unwritten(self) -> list[tuple[Claim, str]]:
        """The newest words that have not reached their rows."""
        return list(self._unwritten.values())

    def put_off(self, which: Callable[[Claim], bool], until: float) -> None:
        """What some tasks have said is not to be written before."""
        for attempt, (claim, _) in self._unwritten.items():
            if which(claim):
                self._written_at[attempt] = until - _EVERY

    def written(self, entries: Sequence[tuple[Claim, str]], moment: float) -> None:
        """These have reached their rows."""
        for claim, said in entries:
            self._written_at[claim.which] = moment
            if self._unwritten.get(claim.which, (None, None))[1] == said:
                del self._unwritten[claim.which]

    def close(self, claim: Claim) -> str | None:
        """The task has ended: its last word, if it is still to be written, goes with the ending."""
        self._written_at.pop(claim.which, None)
        _, said = self._unwritten.pop(claim.which, (None, None))
        return said
