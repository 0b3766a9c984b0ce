"""Lengths of time as users write them: a number of seconds, or a timedelta."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from taskrow.errors import OptionError

MOST = 2**31 - 1  # so that no time overflows


def to_seconds(name: str, value: Any, *, above_zero: bool = False) -> float:
    """The seconds that ``value`` says. OptionError names what it must be."""
    given = _seconds_of(value)
    if given is None or not 0 <= given < MOST or (above_zero and given == 0):
        least = "more than 0" if above_zero else "0 or more"
        raise OptionError(f"{name} must be seconds, {least}, not {value!r}")
    return float(given)


def to_patience(timeout: Any) -> float | None:
    """The seconds that somebody waits; None: for ever. OptionError says what else it must be."""
    given = _seconds_of(timeout)
    if given is None and timeout is not None:
        raise OptionError(f"timeout must be seconds, or None to wait for ever, not {timeout!r}")
    return given


def _seconds_of(value: Any) -> float | None:
    """None where it is neither a number nor a timedelta."""
    given = value.total_seconds() if isinstance(value, timedelta) else value
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return given if is_number else None
