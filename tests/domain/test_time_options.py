"""Options that are times, and those that exclude each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from taskrow.domain.options import parse_options
from taskrow.errors import OptionError


@pytest.mark.parametrize("name", ["timeout", "soft_timeout", "expires"])
@pytest.mark.parametrize(
    "value",
    [0, -1, float("nan"), float("inf"), True, "5", 2**31, timedelta(0), timedelta(-1), [1]],
)
def test_a_time_is_a_number_of_seconds_above_zero(name: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"^{name} must be seconds, more than 0, not "):
        parse_options({name: value})


@pytest.mark.parametrize("name", ["timeout", "soft_timeout", "expires", "retention"])
def test_a_timedelta_says_the_same_as_seconds(name: str) -> None:
    options = parse_options({name: timedelta(minutes=1.5)})
    assert getattr(options, name) == 90


def test_a_soft_timeout_comes_before_the_hard_one() -> None:
    assert parse_options({"timeout": 2, "soft_timeout": 1}).soft_timeout == 1
    for soft in (2, 3):
        with pytest.raises(OptionError, match=r"^soft_timeout must be less than timeout \(2\), "):
            parse_options({"timeout": 2, "soft_timeout": soft})


def test_at_most_once_is_a_crash_limit_of_zero() -> None:
    options = parse_options({"at_most_once": True})
    assert (options.crash_limit, options.retries) == (0, 0)
    assert parse_options({"at_most_once": True, "crash_limit": 0}).crash_limit == 0
    assert parse_options({"at_most_once": False}).crash_limit == 3


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"at_most_once": True, "crash_limit": 1}, "at_most_once means crash_limit=0, not 1"),
        ({"at_most_once": 1}, "at_most_once must be True or False, not 1"),
        ({"at_most_once": None}, "at_most_once must be True or False, not None"),
    ],
)
def test_what_contradicts_it_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        parse_options(given)
