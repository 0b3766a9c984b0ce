"""Schedules: the rule that says when a task is due, and the frozen record of one row.

A rule is a cron text in a time zone, or an interval. Due times follow from the rule alone, never
from when a worker started: an interval is due at its multiples since 1970-01-01 00:00 UTC, so that
every worker and every restart agrees ("every 5 minutes" is :00, :05, :10).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Literal, cast, get_args

from taskrow.domain.cron import next_match, what_is_wrong
from taskrow.domain.zones import find_zone
from taskrow.errors import OptionError

Missed = Literal["once", "skip"]
Source = Literal["code", "runtime", "taskrow"]

LATE = timedelta(minutes=1)  # what is due for less than this is late; for longer it was missed
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(days=3650)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class CronRule:
    """Due when a cron text says so, in a time zone (a name of the tz database)."""

    text: str
    timezone: str = "UTC"


@dataclass(frozen=True)
class IntervalRule:
    """Due at the multiples of an interval since 1970-01-01 00:00 UTC."""

    every: timedelta

    @property
    def text(self) -> str:
        seconds = f"{self.every.total_seconds():.3f}".rstrip("0").rstrip(".")
        return f"every {seconds} s"

    @property
    def timezone(self) -> str:
        return "UTC"


Rule = CronRule | IntervalRule


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What somebody wants to be scheduled. ``args`` is JSON text (domain/payload.py)."""

    name: str
    task_name: str
    rule: Rule
    missed: Missed = "once"
    args: str = "{}"


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One row of ``schedules``. Times are UTC; ``next_at`` is None while nothing is due."""

    name: str
    task_name: str
    rule: str  # a cron text, or "every N s"
    timezone: str
    missed: Missed  # what of due times that passed while no worker ran
    args: str
    source: Source  # who made it: the code, somebody at run time, or taskrow itself
    application: str  # whose code it stands in
    next_at: datetime | None
    paused_at: datetime | None
    disabled_reason: str | None
    last_fired_at: datetime | None
    created_at: datetime

    @property
    def state(self) -> Literal["on", "paused", "disabled"]:
        if self.disabled_reason is not None:
            return "disabled"
        return "on" if self.paused_at is None else "paused"

    def parse_rule(self) -> Rule:
        """The rule. OptionError when somebody has written nonsense into the row."""
        return parse_rule(self.rule, self.timezone)

    def next_times(self, count: int = 3) -> list[datetime]:
        """The next due times; empty while it is paused or disabled."""
        if self.next_at is None:
            return []
        following = due_between(self.parse_rule(), self.next_at, None)
        return [self.next_at, *islice(following, count - 1)]


def make_rule(
    cron: str | None = None,
    every: timedelta | float | None = None,
    timezone: str | None = None,
) -> Rule:
    """Check what somebody wrote: a cron text or an interval (a timedelta, or seconds).

    OptionError says what is wrong: both or neither, no cron text, one that never comes, an unknown
    time zone with the nearest known one, an interval that is not from 1 second to 10 years.
    """
    if (cron is None) == (every is None):
        raise OptionError("a schedule is a cron text or an interval: give one of them")
    if every is not None:
        if timezone is not None:
            raise OptionError("an interval has no time zone: it counts from 1970 in UTC")
        return IntervalRule(_interval(every))
    zone = "UTC" if timezone is None else timezone
    find_zone(zone)
    return CronRule(_cron_text(cast(str, cron)), zone)


@lru_cache(1000)
def parse_rule(text: str, timezone: str) -> Rule:
    """Read a rule as it stands in a row. OptionError: it is none."""
    if text.startswith("every ") and text.endswith(" s"):
        try:
            return make_rule(every=float(text[6:-2]))
        except ValueError:
            raise OptionError(f"{text!r} is no interval: write 'every 60 s'") from None
    return make_rule(cron=text, timezone=timezone)


def check_missed(value: str) -> Missed:
    """What to do with due times that were missed: ``once`` or ``skip``."""
    if value not in get_args(Missed):
        raise OptionError(f"missed must be 'once' or 'skip', not {value!r}")
    return cast(Missed, value)


def next_due(rule: Rule, after: datetime) -> datetime | None:
    """The first due time later than ``after``; None when there is none within 50 years."""
    if isinstance(rule, CronRule):
        return next_match(rule.text, find_zone(rule.timezone), after)
    try:
        return _EPOCH + ((after - _EPOCH) // rule.every + 1) * rule.every
    except OverflowError:  # the year 9999
        return None


def due_between(rule: Rule, after: datetime, until: datetime | None) -> Iterator[datetime]:
    """The due times later than ``after``, up to and with ``until`` (None: without end)."""
    due = next_due(rule, after)
    while due is not None and (until is None or due <= until):
        yield due
        due = next_due(rule, due)


def newest_due(rule: Rule, first: datetime, now: datetime) -> datetime:
    """The last due time up to ``now`` of those from ``first`` on, which is due itself.

    By halves, because a year of minutes is half a million due times.
    """
    newest, high = first, now
    while (following := next_due(rule, newest)) is not None and following <= now:
        middle = newest + (high - newest) / 2
        later = next_due(rule, middle)
        if later is not None and later <= now:
            newest = later
        else:
            newest, high = following, middle
    return newest


def due_to_fire(schedule: Schedule, rule: Rule, now: datetime) -> datetime | None:
    """Which due time to fire now: the newest one up to now. None: it was missed and is skipped."""
    assert schedule.next_at is not None
    newest = newest_due(rule, schedule.next_at, now)
    return None if schedule.missed == "skip" and now - newest > LATE else newest


def _interval(every: timedelta | float) -> timedelta:
    if isinstance(every, int | float) and not isinstance(every, bool) and isfinite(every):
        every = timedelta(seconds=min(every, 1e12))
    if not isinstance(every, timedelta) or not _SHORTEST <= every <= _LONGEST:
        raise OptionError(f"every must be a timedelta from 1 second to 10 years, not {every!r}")
    if every % _MILLISECOND:
        raise OptionError(f"every must be whole milliseconds, not {every!r}")
    return every


def _cron_text(text: str) -> str:
    if not isinstance(text, str):
        raise OptionError(f"a cron text is five words, such as '*/5 * * * *', not {text!r}")
    wrong = what_is_wrong(text)
    if wrong == "it never comes":
        raise OptionError(f"the schedule {text!r} can never fire: there is no such day")
    if wrong is not None:
        raise OptionError(
            f"{text!r} is no cron text ({wrong}): write minute, hour, day, month and weekday, "
            "such as '*/5 * * * *'"
        )
    return " ".join(text.split())
