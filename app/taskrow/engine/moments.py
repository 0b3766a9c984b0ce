"""When one task shall run, and until when it may wait: what ``apply_async`` is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from taskrow.domain.seconds import to_seconds
from taskrow.errors import OptionError


def run_at(now: datetime, countdown: float | None, eta: datetime | None) -> datetime | None:
    """When to run: a countdown in seconds, or a time with a zone; None is at once."""
    if countdown is not None and eta is not None:
        raise OptionError("give a countdown or an eta, not both")
    if countdown is not None:
        return _after(now, countdown)
    return None if eta is None else _in_utc("eta", eta)


def expires_at(now: datetime, expires: float | timedelta | datetime | None) -> datetime | None:
    """Until when it must be started: seconds from now, or a time with a zone; None is never."""
    if expires is None:
        return None
    if isinstance(expires, datetime):
        return _in_utc("expires", expires)
    return now + timedelta(seconds=to_seconds("expires", expires, above_zero=True))


def _in_utc(name: str, moment: Any) -> datetime:
    if not isinstance(moment, datetime) or moment.utcoffset() is None:
        raise OptionError(
            f"{name} must be a time with a zone, such as datetime.now(UTC), not {moment!r}"
        )
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # its zone puts it beyond the years that there are
        raise OptionError(f"{name} must be a time that there is in UTC, not {moment!r}") from None


def _after(now: datetime, countdown: float) -> datetime:
    try:
        if isinstance(countdown, bool):
            raise TypeError
        return now + timedelta(seconds=countdown)
    except (TypeError, ValueError, OverflowError):  # no number, NaN, after the year 9999
        raise OptionError(f"countdown must be seconds, not {countdown!r}") from None
