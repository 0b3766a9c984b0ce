"""The one place that asks what time it is; everything else is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from taskrow.domain.times import to_milliseconds

Clock = Callable[[], datetime]


class DrivenClock:
    """A clock that stands still until somebody sets it: for tests."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def utc_now() -> datetime:
    """The time now, in UTC and in the precision that is stored."""
    return to_milliseconds(datetime.now(UTC))
