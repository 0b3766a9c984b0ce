"""When to look at the rows: when the bell rings, a little later again, and once a second anyway."""

from __future__ import annotations

from taskrow.storage.doorbell import Doorbell, Heard

_FIRST_AGAIN = 0.001  # seconds: what somebody writes cannot be read until it is committed
_LAST_AGAIN = 0.128
_REST = 0.005  # between two looks for no more than that somebody (ourselves, perhaps) writes
_SLOW_POLL = 1.0
# Where commits come thick, looks take 5 % of a core at most; so much is free.
_REST_PER_LOOK = 20
_FREE = 0.1


class Listener:
    """Decides when to look. Times are monotonic seconds, passed in."""

    def __init__(self, bell: Doorbell) -> None:
        self.bell = bell
        self._next_look = self._last_look = self._deaf_until = 0.0
        self._again = _FIRST_AGAIN
        self._heard = Heard.NOTHING
        self._rang_truly = True

    @property
    def is_sure(self) -> bool:
        """Whether it has heard of a commit, and the last time something was there to be claimed."""
        return self._heard is Heard.COMMIT and self._rang_truly

    def learn(self, *, found: bool) -> None:
        """There was something to be claimed, or nothing."""
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
        if self._heard is Heard.COMMIT:
            self.look_at_once(now)
        elif self._heard is Heard.WRITE:
            self._look_soon(now)
        return now >= self._next_look

    def _look_soon(self, now: float) -> None:
        soon = max(now + _FIRST_AGAIN, self._last_look + _REST)
        self._next_look = min(self._next_look, soon)
        self._again = _FIRST_AGAIN

    def look_at_once(self, now: float) -> None:
        """Something is there, or may be."""
        self._next_look = now
        self._again = _FIRST_AGAIN

    def found_nothing(self, now: float, cost: float = 0.0) -> None:
        """The look was in vain: look again a little later, then fall back to the slow poll.

        cost: how many seconds it took, to be weighed against how often it is done.
        """
        self._last_look = now
        self._deaf_until = max(self._deaf_until, now - _FREE) + _REST_PER_LOOK * cost
        if self._again > _LAST_AGAIN:
            self._next_look = now + _SLOW_POLL
            return
        self._next_look = now + self._again
        self._again *= 2
