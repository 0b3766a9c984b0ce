"""When to try again, or to give up. Pure: the time and the luck are parameters."""

from __future__ import annotations

from datetime import datetime, timedelta

FIRST_DELAY = 1.0  # seconds
LONGEST_DELAY = 600.0


def backoff(tries: int, luck: float) -> timedelta:
    """The delay before the next attempt: 1, 2, 4 ... 600 s, half of it fixed, half by ``luck``.

    ``luck`` is from 0 to 1. The jitter keeps tasks that failed together from coming back together.
    """
    full = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(tries, 20))
    return timedelta(seconds=full * (0.5 + luck / 2))


def after_failure(*, failures: int, retries: int, now: datetime, luck: float) -> datetime | None:
    """When to run again after an exception; ``failures`` counts it. None: no retries are left."""
    if failures > retries:
        return None
    return now + backoff(failures - 1, luck)


def after_loss(*, losses: int, crash_limit: int, now: datetime, luck: float) -> datetime | None:
    """When to run again after a lost worker; ``losses`` counts it. None: it was lost too often.

    The first time at once (a restarted worker is the usual case), then slower each time, so that a
    task that kills its workers does not keep them from other work.
    """
    if losses > crash_limit:
        return None
    return now if losses == 1 else now + backoff(losses - 2, luck)
