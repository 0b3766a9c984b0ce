"""Time zones by their names in the tz database, and UTC, which needs none."""

from __future__ import annotations

from datetime import UTC, tzinfo
from difflib import get_close_matches
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from taskrow.errors import OptionError


def find_zone(name: str) -> tzinfo:
    """The zone of a name. OptionError: there is none, with the nearest; or no database of them."""
    if name == "UTC":
        return UTC
    try:
        if not isinstance(name, str):
            raise TypeError
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise OptionError(_why_not(name)) from None


def _why_not(name: object) -> str:
    known = available_timezones()
    if not known:
        return (
            f"the time zone {name!r} cannot be looked up, because this machine has no time zone "
            "database: pip install tzdata"
        )
    return f"{name!r} is no time zone{_nearest(str(name), known)}"


def _nearest(name: str, known: set[str]) -> str:
    cities = {zone.rpartition("/")[2].casefold(): zone for zone in sorted(known)}
    close = get_close_matches(name, known, n=1)
    close += [cities[city] for city in get_close_matches(name.casefold(), cities, n=1)]
    return f"; did you mean {close[0]!r}?" if close else ": write one such as 'Europe/Paris'"
