"""The rules of retrying as options: what is accepted, and the delays that they give."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from taskrow.domain.options import parse_options
from taskrow.domain.retry import LEAST_DELAY, delay
from taskrow.errors import OptionError


def delays(rule: Any, cap: float | None = None, luck: float = 1.0) -> list[float]:
    error = ValueError("no")
    found = [delay(rule, cap, failures=n, error=error, luck=luck) for n in range(1, 6)]
    return [wait.total_seconds() for wait in found]


@pytest.mark.parametrize(
    ("rule", "cap", "expected"),
    [
        ("exponential", None, [1, 2, 4, 8, 16]),
        ("exponential", 5, [1, 2, 4, 5, 5]),
        ("linear", None, [1, 2, 3, 4, 5]),
        ("linear", 2.5, [1, 2, 2.5, 2.5, 2.5]),
        ("constant", None, [1] * 5),
        (7, None, [7] * 5),
        (0.5, None, [0.5] * 5),
        (0, None, [0] * 5),
        (lambda failures, _: failures * 10, None, [10, 20, 30, 40, 50]),
        (lambda failures, _: timedelta(minutes=failures), 100, [60, 100, 100, 100, 100]),
    ],
)
def test_each_rule_has_its_delays(rule: Any, cap: float | None, expected: list[float]) -> None:
    assert delays(parse_options({"backoff": rule}).backoff, cap) == expected


@pytest.mark.parametrize("rule", ["exponential", "linear"])
def test_a_curve_that_grows_has_full_jitter_and_never_comes_back_at_once(rule: str) -> None:
    assert delays(rule, luck=0.0) == [LEAST_DELAY] * 5
    assert delays(rule, luck=0.5) == [(LEAST_DELAY + whole) / 2 for whole in delays(rule)]


@pytest.mark.parametrize(("rule", "seconds"), [("constant", 1.0), (7.0, 7.0), (0.0, 0.0)])
def test_what_is_constant_has_no_jitter(rule: str | float, seconds: float) -> None:
    assert delays(rule, luck=0.0) == delays(rule, luck=1.0) == [seconds] * 5


@pytest.mark.parametrize("rule", ["exponential", "linear", "constant"])
def test_a_cap_below_the_least_delay_holds(rule: str) -> None:
    assert delays(rule, cap=0.01, luck=0.0) == delays(rule, cap=0.01) == [0.01] * 5


def test_the_cap_of_a_curve_is_ten_minutes_unless_it_is_given() -> None:
    def last(cap: float | None) -> float:
        wait = delay("exponential", cap, failures=10_000, error=ValueError(), luck=1.0)
        return wait.total_seconds()

    assert (last(None), last(3600)) == (600, 3600)


@pytest.mark.parametrize("said", ["soon", -1, float("nan"), float("inf"), None, True, 2**40])
def test_a_function_that_returns_no_time_is_told_so(said: object) -> None:
    with pytest.raises(OptionError, match=r"^what a backoff function returns must be seconds"):
        delay(lambda *_: said, None, failures=1, error=ValueError(), luck=0.5)


def test_a_timedelta_is_a_constant() -> None:
    assert parse_options({"backoff": timedelta(minutes=1)}).backoff == 60


async def later(failures: int, error: BaseException) -> float:
    return 1.0


@pytest.mark.parametrize(
    "rule",
    ["exponental", "", True, None, [1, 2], later, ValueError, lambda: 1, lambda _: 1],
)
def test_what_is_no_backoff_is_refused_at_import(rule: object) -> None:
    with pytest.raises(OptionError, match=r"^backoff must be 'exponential', 'linear', 'constant'"):
        parse_options({"backoff": rule})


@pytest.mark.parametrize("value", [-1, float("nan"), timedelta(-1)])
def test_a_backoff_that_is_no_time_is_refused_at_import(value: object) -> None:
    with pytest.raises(OptionError, match=r"^backoff must be seconds, 0 or more"):
        parse_options({"backoff": value})


@pytest.mark.parametrize("value", [0, -1, float("nan"), "1", True])
def test_a_cap_is_a_time_above_zero(value: object) -> None:
    with pytest.raises(OptionError, match=r"^backoff_cap must be seconds, more than 0"):
        parse_options({"backoff_cap": value})


@pytest.mark.parametrize("name", ["retry_on", "never_retry_on"])
@pytest.mark.parametrize(
    ("value", "kept"),
    [(OSError, (OSError,)), ((OSError, KeyError), (OSError, KeyError)), ((), ())],
)
def test_exceptions_are_given_as_a_class_or_several(name: str, value: Any, kept: Any) -> None:
    assert getattr(parse_options({name: value}), name) == kept


@pytest.mark.parametrize("name", ["retry_on", "never_retry_on"])
@pytest.mark.parametrize(
    "value", [None, "OSError", [OSError], int, OSError(), (OSError, int), {OSError}, True]
)
def test_what_is_no_exception_class_is_refused_at_import(name: str, value: object) -> None:
    with pytest.raises(OptionError, match=f"^{name} must be an exception class or a tuple of them"):
        parse_options({name: value})


def test_a_function_may_be_any_callable_of_two() -> None:
    class Rule:
        def __call__(self, failures: int, error: BaseException) -> float:
            return failures + len(error.args)

    rule: Callable[..., float] = Rule()
    assert delays(parse_options({"backoff": rule}).backoff) == [2, 3, 4, 5, 6]
