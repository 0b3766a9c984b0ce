"""Times as text: one width, and text that sorts as time does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrow.domain.times import from_text, to_milliseconds, to_text

MOMENTS = st.datetimes(
    datetime(1, 1, 2),
    datetime(9999, 12, 30),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


def test_a_time_reads_as_iso_8601_in_utc_with_milliseconds() -> None:
    berlin = timezone(timedelta(hours=1))
    assert to_text(datetime(2026, 11, 21, 8, tzinfo=berlin)) == "2026-11-21T07:00:00.000Z"
    late = datetime(2026, 11, 21, 7, 0, 0, 999_999, tzinfo=UTC)
    assert to_text(late) == "2026-11-21T07:00:00.999Z"


@given(MOMENTS)
def test_every_time_takes_the_same_width(moment: datetime) -> None:
    assert len(to_text(moment)) == len("2026-11-21T07:00:00.000Z")


@given(MOMENTS)
def test_what_was_written_is_read_back_to_the_millisecond(moment: datetime) -> None:
    assert from_text(to_text(moment)) == to_milliseconds(moment)


@given(MOMENTS, MOMENTS)
def test_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    earlier, later = sorted([to_milliseconds(one), to_milliseconds(other)])
    assert to_text(earlier) <= to_text(later)
    assert (to_text(earlier) == to_text(later)) == (earlier == later)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        to_text(datetime(2026, 11, 21))
