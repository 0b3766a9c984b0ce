"""How a supervisor paces itself while its runners have enough to do.

Each exchange pays for a commit, each look at a report for waking up: where these can wait, they do,
until there is more of it. But a runner must not run dry while an exchange is made, so nothing waits
where one has less in hand than it does in the time of two of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew

_LINGER = 0.008  # seconds between two exchanges, at most
_SHORTEST = 0.0005  # seconds that are worth a pause
_LOOK_EVERY = 0.020  # seconds between two looks at the rows
_WEIGHT = 0.2  # of the newest exchange in their average


class Rhythm:
    """When to do what. Times are monotonic seconds."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._linger_until = self._look_again_at = 0.0
        self._exchange_seconds = 0.002

    def pause(self, moment: float) -> float:
        """Seconds in which nothing needs to be heard from runners, nor to be written."""
        if moment >= self._linger_until:
            return 0.0
        spare = self._crew.seconds_in_stock() - 2 * self._exchange_seconds
        pause = min(spare, self._linger_until - moment)
        return pause if pause >= _SHORTEST else 0.0

    def exchanged(self, began: float, moment: float) -> None:
        """An exchange is committed."""
        self._exchange_seconds += _WEIGHT * (moment - began - self._exchange_seconds)
        self._linger_until = moment + _LINGER

    def looked(self, moment: float) -> None:
        """The supervisor has looked at the rows."""
        self._look_again_at = moment + _LOOK_EVERY

    def has_looked(self, moment: float) -> bool:
        """Whether it did so just now: where it knows of more to claim, only a cancel is news."""
        return moment < self._look_again_at

    def next_look(self, moment: float) -> float:
        """Seconds until then."""
        return max(0.0, self._look_again_at - moment)
