"""How a supervisor paces itself while its runners have enough to do.

Whatever it does then can wait a moment until there is more of it: each exchange pays for a commit,
each wake-up costs the runners time. Where a runner has less than half of what it may hold, nothing
waits.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew

_NAP = 0.001  # seconds, in which more reports come
_LINGER = 0.005  # seconds between two exchanges
_LOOK_EVERY = 0.020  # seconds between two looks at the rows


class Rhythm:
    """When to do what. Times are monotonic seconds."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._linger_until = self._look_again_at = 0.0

    def let_more_come(self) -> None:
        """Runners have reported something: more may follow at once."""
        if self._crew.is_stocked(time.monotonic()):
            time.sleep(_NAP)

    def exchanged(self, moment: float) -> None:
        """An exchange is committed."""
        self._linger_until = moment + _LINGER

    def lingers(self, moment: float) -> bool:
        """Whether the next exchange can wait."""
        return moment < self._linger_until and self._crew.is_stocked(moment)

    def looked(self, moment: float) -> None:
        """The supervisor has looked at the rows."""
        self._look_again_at = moment + _LOOK_EVERY

    def has_looked(self, moment: float) -> bool:
        """Whether it did so just now: where it knows of more to claim, only a cancel is news."""
        return moment < self._look_again_at

    def next_moments(self) -> tuple[float, float]:
        """When something that waits now need not wait any more."""
        return self._linger_until, self._look_again_at
