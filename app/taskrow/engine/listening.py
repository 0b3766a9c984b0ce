"""When to look at the rows: when the bell rings, a little later again, and once a second anyway."""

from __future__ import annotations

from taskrow.storage.doorbell import Doorbell

_FIRST_AGAIN = 0.001  # seconds: the bell of SQLite rings before the commit can be read
_LAST_AGAIN = 0.128
_SLOW_POLL = 1.0


class Listener:
    """Decides when to look. Times are monotonic seconds, passed in."""

    def __init__(self, bell: Doorbell) -> None:
        self.bell = bell
        self._next_look = 0.0
        self._again = _FIRST_AGAIN

    def timeout(self, now: float) -> float:
        """How long to wait at most before asking :meth:`is_due`."""
        wait = max(0.0, self._next_look - now)
        return wait if self.bell.interval is None else min(wait, self.bell.interval)

    def is_due(self, now: float) -> bool:
        """Whether to look now; asks the bell."""
        if self.bell.rang():
            self.look_at_once(now)
        return now >= self._next_look

    def look_at_once(self, now: float) -> None:
        """Something is there, or may be."""
        self._next_look = now
        self._again = _FIRST_AGAIN

    def found_nothing(self, now: float) -> None:
        """The look was in vain: look again a little later, then fall back to the slow poll."""
        if self._again > _LAST_AGAIN:
            self._next_look = now + _SLOW_POLL
            return
        self._next_look = now + self._again
        self._again *= 2
