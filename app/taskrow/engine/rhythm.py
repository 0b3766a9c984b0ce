"""How a supervisor paces itself while its runners have enough to do.

Whatever it does then can wait a moment until there is more of it: each exchange pays for a commit,
each wake-up costs the runners time. But a runner must not run dry while an exchange is made, so
nothing waits where one has less in hand than it does in the time of two of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew

_NAP = 0.001  # seconds, in which more reports come
_LINGER = 0.005  # seconds between two exchanges
_LOOK_EVERY = 0.020  # seconds between two looks at the rows
_WEIGHT = 0.2  # of the newest exchange in their average


class Rhythm:
    """When to do what. Times are monotonic seconds."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._linger_until = self._look_again_at = 0.0
        self._exchange_seconds = 0.002

    @property
    def _is_at_leisure(self) -> bool:
        return self._crew.is_stocked_for(2 * self._exchange_seconds)

    def let_more_come(self) -> None:
        """Runners have reported something: more may follow at once."""
        if self._is_at_leisure:
            time.sleep(_NAP)

    def exchanged(self, began: float, moment: float) -> None:
        """An exchange is committed."""
        self._exchange_seconds += _WEIGHT * (moment - began - self._exchange_seconds)
        self._linger_until = moment + _LINGER

    def lingers(self, moment: float) -> bool:
        """Whether the next exchange can wait."""
        return moment < self._linger_until and self._is_at_leisure

    def looked(self, moment: float) -> None:
        """The supervisor has looked at the rows."""
        self._look_again_at = moment + _LOOK_EVERY

    def has_looked(self, moment: float) -> bool:
        """Whether it did so just now: where it knows of more to claim, only a cancel is news."""
        return moment < self._look_again_at

    def next_moments(self) -> tuple[float, float]:
        """When something that waits now need not wait any more."""
        return self._linger_until, self._look_again_at
