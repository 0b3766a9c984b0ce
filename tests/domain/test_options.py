"""What a task function can ask for, and what is refused."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from taskrow.domain.options import TaskOptions, parse_options
from taskrow.errors import OptionError

WIDEST = 2**31 - 1


def test_the_defaults_are_one_plain_attempt() -> None:
    options = parse_options({})
    assert (options.queue, options.priority, options.retries) == ("default", 0, 0)
    assert (options.crash_limit, options.retention) == (3, None)


@pytest.mark.parametrize(
    "given",
    [
        {"queue": "mail-high", "priority": -5},
        {"queue": "Grüße"},
        {"priority": WIDEST},
        {"priority": -WIDEST},
        {"retries": WIDEST, "crash_limit": 0},
        {"retention": 0},
        {"retention": 0.5},
        {"retention": None},
    ],
)
def test_what_fits_is_kept(given: dict[str, Any]) -> None:
    options = parse_options(given)
    assert {name: getattr(options, name) for name in given} == given


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("queue", ""),
        ("queue", "two\nlines"),
        ("queue", "nul\0"),
        ("queue", b"bytes"),
        ("queue", None),
        ("queue", 7),
        ("priority", "high"),
        ("priority", 1.0),
        ("priority", True),
        ("priority", None),
        ("priority", WIDEST + 1),
        ("priority", -WIDEST - 1),
        ("retries", -1),
        ("retries", 2.5),
        ("retries", False),
        ("retries", "3"),
        ("crash_limit", -1),
        ("crash_limit", WIDEST + 1),
        ("retention", -1),
        ("retention", True),
        ("retention", "1 day"),
        ("retention", float("nan")),
        ("retention", float("inf")),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"^{name} must be .*not ") as caught:
        parse_options({name: value})
    assert repr(value) in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_an_unknown_option_names_the_nearest_one() -> None:
    with pytest.raises(OptionError, match=r"'retrys' is no option .*did you mean 'retries'"):
        parse_options({"retrys": 3})


def test_an_option_that_is_like_none_names_all_of_them() -> None:
    everything = ", ".join(sorted(field.name for field in fields(TaskOptions)))
    with pytest.raises(OptionError, match=f"; there are {everything}$"):
        parse_options({"zzz": 3})


def test_options_cannot_be_changed_afterwards() -> None:
    with pytest.raises(AttributeError):
        TaskOptions().retries = 5  # type: ignore[misc]
