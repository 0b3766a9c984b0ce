"""How many rows one transaction takes, so that it holds up other writers for a short time only."""

from __future__ import annotations

_FIRST, _MOST = 50, 1000


class Portion:
    """So many at once, as learned from how long the last ones took; ``hold`` is in seconds.

    What counts is the time in the transaction beside its commit, which depends on the disk.
    """

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self.size = _FIRST

    def learn(self, done: int, seconds: float) -> None:
        """So many took so long."""
        if seconds > self._hold:
            self.size = max(1, int(self.size * max(0.25, self._hold / seconds)))
        elif done >= self.size:
            self.size = min(_MOST, self.size + self.size // 2 + 1)
