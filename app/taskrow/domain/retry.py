"""When to try again, or to give up. Pure: the time and the luck are parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from taskrow.domain.seconds import to_seconds
from taskrow.errors import OptionError

FIRST_DELAY = 1.0  # seconds
LONGEST_DELAY = 600.0
LEAST_DELAY = 0.1  # of a curve with jitter: none comes back at once to what has just refused it

BackoffFunction = Callable[[int, BaseException], Any]
Backoff = str | float | timedelta | BackoffFunction

_CONSTANT = "constant"
_CURVES: dict[str, Callable[[int], float]] = {  # of how many tries have failed before
    "exponential": lambda tries: 2.0 ** min(tries, 40),
    "linear": lambda tries: tries + 1.0,
    _CONSTANT: lambda tries: 1.0,  # noqa: ARG005 - they are called alike
}


def backoff(
    tries: int, luck: float, *, curve: str = "exponential", cap: float | None = None
) -> timedelta:
    """The delay before the next attempt: anything from 0.1 s to 1, 2, 4 ... 600 s, as luck has it.

    ``luck`` is from 0 to 1. This full jitter keeps tasks that failed together from coming back
    together. ``curve``: linear goes to 1, 2, 3 ... s; constant is 1 s, without jitter.
    """
    longest = LONGEST_DELAY if cap is None else cap
    full = min(longest, FIRST_DELAY * _CURVES[curve](tries))
    least = full if curve == _CONSTANT else min(LEAST_DELAY, full)
    return timedelta(seconds=least + luck * (full - least))


def check_backoff(rule: Any) -> str | float | BackoffFunction:
    """The rule as it is kept. OptionError when it is no curve, no time and no function."""
    if isinstance(rule, str) and rule in _CURVES:
        return rule
    if isinstance(rule, int | float | timedelta) and not isinstance(rule, bool):
        return to_seconds("backoff", rule)
    if callable(rule) and not isinstance(rule, type) and _takes_two(rule):
        return rule  # type: ignore[no-any-return]
    raise OptionError(
        f"backoff must be {', '.join(map(repr, _CURVES))}, seconds, "
        f"or a function of (failures, error) that returns seconds, not {rule!r}"
    )


def delay(
    rule: Backoff, cap: float | None, *, failures: int, error: BaseException, luck: float
) -> timedelta:
    """The delay after ``failures`` exceptions, of which ``error`` is the last.

    Calls the user's function where the rule is one; whatever that raises gets out of here.
    OptionError when it returns no time.
    """
    if isinstance(rule, str):
        return backoff(failures - 1, luck, curve=rule, cap=cap)
    said = rule(failures, error) if callable(rule) else rule
    seconds = to_seconds("what a backoff function returns", said)
    return timedelta(seconds=seconds if cap is None else min(seconds, cap))


def after_failure(
    *, failures: int, retries: int, now: datetime, delay: timedelta
) -> datetime | None:
    """When to run again after an exception; ``failures`` counts it. None: no retries are left."""
    return None if failures > retries else now + delay


def after_loss(*, losses: int, crash_limit: int, now: datetime, luck: float) -> datetime | None:
    """When to run again after a lost worker; ``losses`` counts it. None: it was lost too often.

    The first time at once (a restarted worker is the usual case), then slower each time, so that a
    task that kills its workers does not keep them from other work.
    """
    if losses > crash_limit:
        return None
    return now if losses == 1 else now + backoff(losses - 2, luck)


def _takes_two(function: Callable[..., Any]) -> bool:
    """Whether it can be called as a backoff is; an ``async def`` would answer with no number."""
    if inspect.iscoroutinefunction(function):
        return False
    try:
        inspect.signature(function).bind(1, None)
    except TypeError:
        return False
    except ValueError:  # a builtin that does not tell
        return True
    return True
