"""How many rows one transaction takes, so that it holds up other writers for a short time only."""

from __future__ import annotations

_FIRST, _FEWEST, _MOST = 50, 10, 1000
_WEIGHT = 0.2  # of the newest transaction in what a row costs
_WORST = 4.0  # times the usual: for longer than that a machine was doing something else
_LEAST = 1e-9  # seconds a row


class Portion:
    """So many at once, as learned from how long the last ones took; ``hold`` is in seconds.

    What counts is the time in the transaction beside its commit, which depends on the disk.
    """

    def __init__(self, hold: float) -> None:
        self._hold = hold
        self._cost: float | None = None  # seconds a row
        self.size = _FIRST

    def learn(self, done: float, seconds: float) -> None:
        """So many took so long. A few say nothing, for most of it was the transaction's own."""
        if done <= 0 or (done < self.size and seconds <= self._hold):
            return
        cost = seconds / done
        if self._cost is None:
            self._cost = cost
        self._cost += _WEIGHT * (min(cost, _WORST * self._cost) - self._cost)
        grown = self.size + self.size // 2 + 1
        self.size = max(_FEWEST, min(int(self._hold / max(self._cost, _LEAST)), grown, _MOST))
