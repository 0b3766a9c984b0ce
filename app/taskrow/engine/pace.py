"""How much to hand to a runner at once, from how long recent tasks took.

Short tasks come in batches, so that one fsync serves many; a long task never has others behind it.
"""

from __future__ import annotations

_BATCH_SECONDS = 0.015  # what may wait in a runner, behind the tasks that run
_MOST = 600  # more would make an exchange so long that who submits meanwhile feels it
_WEIGHT = 0.2  # of the newest task in the average
STUCK_SECONDS = 0.020  # after this long without an end, what waits in a runner is taken back


class Pace:
    """The measured duration of recent tasks."""

    def __init__(self) -> None:
        self._average: float | None = None

    def note(self, seconds: float) -> None:
        """A task took this long."""
        before = seconds if self._average is None else self._average
        # One that the system held up says little of the next ones; several in a row say it all.
        self._average = before + _WEIGHT * (min(seconds, 10 * before + 0.0001) - before)

    def window(self, threads: int = 1) -> int:
        """How many tasks a runner may hold: those that it starts within a few milliseconds."""
        if self._average is None:
            return threads
        behind = threads * int(_BATCH_SECONDS / max(self._average, 1e-6))
        return max(threads, min(_MOST, threads + behind))

    def seconds_for(self, tasks: int, threads: int = 1) -> float:
        """How long a runner will take for so many tasks."""
        return tasks * (self._average or 0.0) / threads
