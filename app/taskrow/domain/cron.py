"""When a cron text is due next, in a time zone that may set its clocks.

The rules are those of Debian's cron. A text that names its minutes and hours (``30 2 * * *``) is
due once a day that it names: at 02:30, or, where 02:30 is left out, at the first moment after the
gap; where 02:30 comes twice, at the first. A text with a star in the minutes or the hours, or with
seconds, is due whenever the clock on the wall shows what it says: twice in an hour that comes
twice, never in one that is left out.

cronsim walks the texts over clocks that never change; the zone is applied here. (Its own zones lose
minutes where clocks move by half an hour: Lord Howe.)
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from cronsim import CronSim, CronSimError

_MINUTE = timedelta(minutes=1)
_MOST_TURNED = timedelta(hours=3)  # no clock is set back by more
_LONGEST = 200  # characters; nobody writes more, and a text must not cost much to read


def next_match(text: str, zone: tzinfo, after: datetime) -> datetime | None:
    """The first time (UTC) that comes later than ``after``; None where there is none in 50 years.

    ``text`` has passed :func:`what_is_wrong`.
    """
    try:
        if _names_its_times(text):
            return _next_named(text, zone, after)
        return _next_shown(text, zone, after)
    except OverflowError:  # the year 9999
        return None


def what_is_wrong(text: str) -> str | None:
    """Why this is no cron text, in a few words; None: it is one, and it is due at some time."""
    if len(text) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    try:
        CronSim(text, datetime(2024, 1, 1))
    except (CronSimError, ValueError) as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        return "it never comes" if _is_one_in_any_month(text) else reason
    never = next_match(text, UTC, datetime(2024, 1, 1, tzinfo=UTC)) is None
    return "it never comes" if never else None


def _is_one_in_any_month(text: str) -> bool:
    """cronsim says of 30 February what it says of a day 32."""
    fields = text.split()
    try:
        CronSim(" ".join([*fields[:-2], "*", *fields[-1:]]), datetime(2024, 1, 1))
    except (CronSimError, ValueError):
        return False
    return True


def _names_its_times(text: str) -> bool:
    fields = text.split()
    return len(fields) == 5 and not fields[0].startswith("*") and not fields[1].startswith("*")


def _next_named(text: str, zone: tzinfo, after: datetime) -> datetime | None:
    for shown in CronSim(text, _wall(after, zone)):
        real = shown
        while not (moments := _moments(real, zone)):
            real += _MINUTE  # left out: the first moment after the gap
        if moments[0] > after:
            return moments[0]
    return None


def _next_shown(text: str, zone: tzinfo, after: datetime) -> datetime | None:
    wall = _wall(after, zone)
    found = _first(text, zone, after, wall, None)
    turned_back = wall - (_wall(after + _MOST_TURNED, zone) - _MOST_TURNED)
    if turned_back > timedelta(0):  # what the clock has shown already, it will show again
        again = _first(text, zone, after, wall - turned_back, wall)
        return min((moment for moment in (found, again) if moment is not None), default=None)
    return found


def _first(
    text: str, zone: tzinfo, after: datetime, wall: datetime, last: datetime | None
) -> datetime | None:
    """The first moment after ``after`` that shows a match later than ``wall``, up to ``last``."""
    for shown in CronSim(text, wall):
        if last is not None and shown > last:
            return None
        for moment in _moments(shown, zone):
            if moment > after:
                return moment
    return None


def _wall(moment: datetime, zone: tzinfo) -> datetime:
    """What the clock on the wall shows."""
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _moments(shown: datetime, zone: tzinfo) -> list[datetime]:
    """When the clock shows this: once, twice where it is set back, never where it is set on."""
    both = (shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return sorted({moment for moment in both if _wall(moment, zone) == shown})
