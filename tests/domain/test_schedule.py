"""Rules and due times: what is refused, what comes next, and the days on which clocks are set."""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from taskrow.domain.schedule import (
    CronRule,
    IntervalRule,
    Rule,
    check_missed,
    due_between,
    make_rule,
    newest_due,
    next_due,
    parse_rule,
)
from taskrow.errors import OptionError

ZONES = ("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo")
DAY = timedelta(days=1)

zones = st.sampled_from(ZONES)
minutes = st.sampled_from(["*", "*/5", "*/20", "0", "30", "15,45", "10-12"])
hours = st.sampled_from(["*", "*/2", "0", "1", "2", "1,2,3", "3", "23"])
days = st.sampled_from(["* * *", "* * *", "* * 0", "25 10 *", "29 2 *", "1,L * *", "* 4,10 SUN#1"])
crons = st.builds(CronRule, st.builds("{} {} {}".format, minutes, hours, days), zones)
with_seconds = st.builds(CronRule, st.sampled_from(["*/7 * * * * *", "30 */5 2 * * *"]), zones)
intervals = st.builds(IntervalRule, st.timedeltas(timedelta(seconds=30), timedelta(days=40)).map(
    lambda every: timedelta(milliseconds=every // timedelta(milliseconds=1))))  # fmt: skip
rules = st.one_of(crons, with_seconds, intervals)
CHANGES = [  # of clocks
    datetime.fromisoformat(f"{text}Z")
    for text in (
        "2026-03-29T01:00", "2026-10-25T01:00", "2026-03-08T07:00", "2026-11-01T06:00",
        "2026-04-04T15:00", "2026-10-03T15:30", "2026-04-23T22:00", "2026-10-29T21:00",
    )
]  # fmt: skip
near_changes = st.builds(
    lambda change, off: change + off,
    st.sampled_from(CHANGES),
    st.timedeltas(timedelta(hours=-4), timedelta(hours=4)),
)
moments = st.one_of(
    near_changes,
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def local(rule: CronRule, after: str, count: int = 3) -> list[str]:
    """The next due times as the clock on the wall shows them."""
    found = islice(due_between(rule, utc(after), None), count)
    return [due.astimezone(ZoneInfo(rule.timezone)).isoformat(timespec="minutes") for due in found]


# -- properties ---------------------------------------------------------------------------------


@given(rules, moments)
def test_due_times_strictly_increase(rule: Rule, after: datetime) -> None:
    found = [after, *islice(due_between(rule, after, None), 20)]
    assert all(one < two for one, two in pairwise(found))
    assert all(due.tzinfo is UTC for due in found)


@settings(max_examples=50)
@given(rules, moments, st.lists(st.timedeltas(timedelta(0), DAY / 8), max_size=8))
def test_no_due_time_is_lost_or_doubled_between_windows(
    rule: Rule, start: datetime, steps: list[timedelta]
) -> None:
    edges = [start]
    for step in steps:
        edges.append(edges[-1] + step)
    pieces = [
        due for one, two in pairwise(edges) for due in islice(due_between(rule, one, two), 2000)
    ]
    assert pieces == list(islice(due_between(rule, start, edges[-1]), 16000))


@given(rules, moments, st.timedeltas(timedelta(0), 2 * DAY))
def test_the_newest_due_time_is_the_last_of_all(
    rule: Rule, after: datetime, span: timedelta
) -> None:
    first = next_due(rule, after)
    assert first is not None
    now = first + span
    newest = newest_due(rule, first, now)
    assert first <= newest <= now
    assert newest == first or newest in set(due_between(rule, max(first, newest - DAY), now))
    following = next_due(rule, newest)
    assert following is None or following > now


@given(crons, moments)
def test_a_due_time_shows_what_the_text_says(rule: CronRule, after: datetime) -> None:
    """Or, in a gap, the text was due at no time that there was."""
    due = next_due(rule, after)
    assert due is not None
    shown = due.astimezone(ZoneInfo(rule.timezone)).replace(tzinfo=None, fold=0)
    matches = next(CronSim(rule.text, shown - timedelta(seconds=1))) == shown
    before = (due - timedelta(seconds=1)).astimezone(ZoneInfo(rule.timezone))
    assert matches or before.utcoffset() != due.astimezone(ZoneInfo(rule.timezone)).utcoffset()


@pytest.fixture
def no_zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without a time zone database."""
    before = zoneinfo.TZPATH
    parts = [name for name in sys.modules if name.partition(".")[0] == "tzdata"]
    for name in ("tzdata", *parts):
        monkeypatch.setitem(sys.modules, name, None)
    zoneinfo.reset_tzpath(to=[])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath(to=before)


@pytest.mark.usefixtures("no_zones")
def test_without_a_time_zone_database_utc_works_and_others_say_what_to_install() -> None:
    noon = utc("2026-11-21T12:00Z")
    assert next_due(make_rule(cron="0 9 * * *"), noon) == utc("2026-11-22T09:00Z")
    for name in ("Europe/Paris", "Nowhere"):
        with pytest.raises(OptionError) as caught:
            make_rule(cron="0 9 * * *", timezone=name)
        assert str(caught.value) == (
            f"the time zone {name!r} cannot be looked up, because this machine has no time zone "
            "database: pip install tzdata"
        )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "America/New_York"])
@pytest.mark.parametrize(
    "text", ["*/15 * * * *", "30 2 * * *", "0 */6 * * *", "*/10 2 * * *", "5 1,2,3 * * SUN"]
)
def test_a_year_of_due_times_is_cronsims_own(text: str, zone: str) -> None:
    start, end = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2027, 1, 1, 12, tzinfo=UTC)
    theirs = []
    for due in CronSim(text, start.astimezone(ZoneInfo(zone))):
        if due.astimezone(UTC) > end:
            break
        theirs.append(due.astimezone(UTC))
    assert list(due_between(CronRule(text, zone), start, end)) == theirs


# -- the days on which clocks are set -----------------------------------------------------------


def test_a_time_that_is_left_out_is_due_right_after_the_gap() -> None:
    rule = CronRule("30 2 * * *", "Europe/Paris")
    assert local(rule, "2026-03-28T00:00+00:00") == [
        "2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00",
    ]  # fmt: skip
    rule = CronRule("10 2 * * *", "Australia/Lord_Howe")  # half an hour is left out there
    assert local(rule, "2026-10-03T00:00+00:00", 2) == [
        "2026-10-04T02:30+11:00", "2026-10-05T02:10+11:00",
    ]  # fmt: skip


def test_a_time_that_comes_twice_is_due_once() -> None:
    rule = CronRule("30 1 * * *", "America/New_York")
    assert local(rule, "2026-11-01T00:00+00:00", 2) == [
        "2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00",
    ]  # fmt: skip
    in_the_second_hour = "2026-11-01T01:15-05:00"
    assert local(rule, in_the_second_hour, 1) == ["2026-11-02T01:30-05:00"]


def test_a_star_follows_the_clock_through_both_hours_and_over_the_gap() -> None:
    rule = CronRule("*/30 * * * *", "Europe/Paris")
    assert local(rule, "2026-10-25T00:15+00:00", 4) == [
        "2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00",
        "2026-10-25T02:30+01:00", "2026-10-25T03:00+01:00",
    ]  # fmt: skip
    assert local(rule, "2026-03-29T00:45+00:00", 2) == [
        "2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00",
    ]  # fmt: skip


def test_no_minute_is_lost_where_clocks_move_by_half_an_hour() -> None:
    rule = CronRule("*/5 3 * * *", "Australia/Lord_Howe")
    assert local(rule, "2026-04-04T14:45+00:00", 1) == ["2026-04-05T03:00+10:30"]
    assert (
        len(list(due_between(rule, utc("2026-04-04T14:45+00:00"), utc("2026-04-05T12:00Z")))) == 12
    )


# -- what is written ----------------------------------------------------------------------------


def test_an_interval_is_due_at_its_multiples_since_1970() -> None:
    rule = make_rule(every=timedelta(minutes=5))
    assert next_due(rule, utc("2026-11-21T07:00:00.001Z")) == utc("2026-11-21T07:05Z")
    assert next_due(rule, utc("2026-11-21T07:05Z")) == utc("2026-11-21T07:10Z")
    assert make_rule(every=300) == rule


@given(rules)
def test_a_rule_is_read_back_as_it_was(rule: Rule) -> None:
    assert parse_rule(rule.text, rule.timezone) == rule


def test_a_cron_text_may_have_spaces_names_and_seconds() -> None:
    assert make_rule(cron="  0  9 * * MON-FRI ").text == "0 9 * * MON-FRI"
    assert make_rule(cron="*/10 * * * * *", timezone="Europe/Paris").timezone == "Europe/Paris"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "a schedule is a cron text or an interval: give one of them"),
        ({"cron": "* * * * *", "every": 5}, "a schedule is a cron text or an interval"),
        ({"cron": "61 * * * *"}, r"'61 \* \* \* \*' is no cron text \(bad minute\): write minute,"),
        ({"cron": "every day"}, r"'every day' is no cron text \(wrong number of fields\)"),
        ({"cron": "9" * 5000 + " * * * *"}, "longer than 200 characters"),
        ({"cron": 5}, "a cron text is five words, such as .*, not 5$"),
        ({"cron": "0 0 30 2 *"}, "the schedule '0 0 30 2 .*' can never fire: there is no such day"),
        ({"cron": "0 0 31 4,6 *"}, "can never fire"),
        ({"cron": "0 0 */31 2 MON#5"}, "can never fire"),
        ({"cron": "0 0 32 2 *"}, "bad day-of-month"),
        ({"cron": "* * * * *", "timezone": "Europe/Pariss"}, "did you mean 'Europe/Paris'"),
        ({"cron": "* * * * *", "timezone": "paris"}, "did you mean 'Europe/Paris'"),
        ({"cron": "* * * * *", "timezone": "zzzzzzzz"}, "write one such as 'Europe/Paris'"),
        ({"cron": "* * * * *", "timezone": ""}, "'' is no time zone"),
        ({"cron": "* * * * *", "timezone": "../etc/passwd"}, "is no time zone"),
        ({"cron": "* * * * *", "timezone": 7}, "7 is no time zone"),
        ({"every": 5, "timezone": "UTC"}, "an interval has no time zone"),
        ({"every": timedelta(milliseconds=999)}, "every must be a timedelta from 1 second to 10"),
        ({"every": timedelta(days=4000)}, "from 1 second to 10 years"),
        ({"every": 0}, "every must be .* not datetime.timedelta.0."),
        ({"every": float("inf")}, "every must be a timedelta .* not inf"),
        ({"every": float("nan")}, "every must be a timedelta .* not nan"),
        ({"every": 1e300}, "every must be a timedelta"),
        ({"every": True}, "every must be a timedelta .* not True"),
        ({"every": "5 minutes"}, "every must be a timedelta .* not '5 minutes'"),
        ({"every": timedelta(seconds=1, microseconds=1)}, "whole milliseconds"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OptionError, match=sentence):
        make_rule(**given)


@given(st.text(max_size=30) | st.text("0123456789*/,-L#W SUNJA", max_size=20))
def test_any_text_is_a_cron_text_or_an_option_error(text: str) -> None:
    with suppress(OptionError):
        assert next_due(make_rule(cron=text), datetime(2026, 1, 1, tzinfo=UTC)) is not None


def test_a_row_that_holds_nonsense_is_an_option_error() -> None:
    for text in ("every x s", "every  s", "every nan s", "often"):
        with pytest.raises(OptionError):
            parse_rule(text, "UTC")


def test_missed_is_one_of_two_words() -> None:
    assert (check_missed("once"), check_missed("skip")) == ("once", "skip")
    with pytest.raises(OptionError, match="missed must be 'once' or 'skip', not 'all'"):
        check_missed("all")


def test_the_end_of_time_is_no_error() -> None:
    end = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    for rule in (CronRule("0 0 1 1 *"), CronRule("* * * * *"), IntervalRule(DAY)):
        assert next_due(rule, end) is None
