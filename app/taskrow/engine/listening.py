"""When to look at the rows: when the bell rings, a little later again, and once a second anyway."""

from __future__ import annotations

from taskrow.storage.doorbell import Doorbell, Heard

_FIRST_AGAIN = 0.001  # seconds: what somebody writes cannot be read until it is committed
_LAST_AGAIN = 0.128
_REST = 0.0025  # between two looks for no more than that somebody (ourselves, perhaps) writes
_SLOW_POLL = 1.0
# Where commits come thick, looks take 5 % of a core; but no rest is longer than the last.
_REST_PER_LOOK = 20
_FREE = 0.1
_LONGEST_REST = 0.005


class Listener:
    """Decides when to look. Times are monotonic seconds, passed in."""

    def __init__(self, bell: Doorbell) -> None:
        self.bell = bell
        self._next_look = self._last_look = self._deaf_until = 0.0
        self._again: float | None = None  # how much later to look again for what somebody writes
        self._heard = Heard.NOTHING
        self._rang_truly = True

    @property
    def is_sure(self) -> bool:
        """Whether it has heard of a commit, and the last time something was there to be claimed."""
        return Heard.COMMIT in self._heard and self._rang_truly

    def learn(self, *, found: bool) -> None:
        """There was something to be claimed, or nothing: what is a ring worth?"""
        if Heard.COMMIT in self._heard:
            self._rang_truly = found

    def timeout(self, now: float) -> float:
        """How long to wait at most before asking :meth:`is_due`."""
        if now < self._deaf_until:
            return self._deaf_until - now
        wait = max(0.0, self._next_look - now)
        return wait if self.bell.interval is None else min(wait, self.bell.interval)

    def file(self, now: float) -> int | None:
        """What to wait on beside; None where there is nothing, or while it rests after a look."""
        return None if now < self._deaf_until else self.bell.fileno

    def is_due(self, now: float) -> bool:
        """Whether to look now; asks the bell."""
        if now < self._deaf_until:
            return False
        self._heard = self.bell.rang()
        if Heard.WRITE in self._heard:
            rested = self._last_look + _REST
            self._again = _FIRST_AGAIN if now >= rested else _REST
            self._next_look = min(self._next_look, max(now + _FIRST_AGAIN, rested))
        if Heard.COMMIT in self._heard:
            self._next_look = now
        return now >= self._next_look

    def found_nothing(self, now: float, cost: float = 0.0) -> None:
        """The look was in vain: look again a little later, then fall back to the slow poll.

        cost: how many seconds of CPU it took, to be weighed against how often it is done.
        """
        self._last_look = now
        rested = max(self._deaf_until, now - _FREE) + _REST_PER_LOOK * cost
        self._deaf_until = min(rested, now + _LONGEST_REST)
        if self._again is None or self._again > _LAST_AGAIN:
            self._next_look, self._again = now + _SLOW_POLL, None
            return
        self._next_look = now + self._again
        self._again *= 2
