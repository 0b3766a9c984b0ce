"""What a task function can ask for. Checked where it is written: a wrong one fails at import."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from taskrow.errors import OptionError

_WIDEST = 2**31 - 1  # what an INTEGER column of PostgreSQL holds
_TIMES = frozenset({"timeout", "soft_timeout", "retention"})


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """The options of one task function.

    queue: the lane its tasks wait in. priority: higher is claimed first. retries: how many times an
    exception leads to another attempt. crash_limit: how many lost workers a task survives.
    at_most_once: crash_limit=0 by its meaning: what was begun is never begun again by itself.
    timeout: seconds after which the process that runs it is ended; soft_timeout: seconds after
    which SoftTimeout is raised in it. retention: seconds a finished row is kept, whatever its
    outcome; None is the application's rule.
    """

    queue: str = "default"
    priority: int = 0
    retries: int = 0
    crash_limit: int = 3
    at_most_once: bool = False
    timeout: float | None = None
    soft_timeout: float | None = None
    retention: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.queue, str) or not self.queue.isprintable() or not self.queue:
            raise OptionError(f"queue must be a name in plain characters, not {self.queue!r}")
        _whole("priority", self.priority, least=-_WIDEST)
        _whole("retries", self.retries)
        _whole("crash_limit", self.crash_limit)
        _seconds("retention", self.retention)
        _seconds("timeout", self.timeout, above_zero=True)
        _seconds("soft_timeout", self.soft_timeout, above_zero=True)
        self._check_timeouts()
        self._check_at_most_once()

    def _check_timeouts(self) -> None:
        if self.timeout is None or self.soft_timeout is None or self.soft_timeout < self.timeout:
            return
        raise OptionError(
            f"soft_timeout must be less than timeout ({self.timeout:g}), not {self.soft_timeout!r}"
        )

    def _check_at_most_once(self) -> None:
        if not isinstance(self.at_most_once, bool):
            raise OptionError(f"at_most_once must be True or False, not {self.at_most_once!r}")
        if self.at_most_once and self.crash_limit != 0:
            raise OptionError(
                f"at_most_once means crash_limit=0, not {self.crash_limit!r}: give one of them"
            )


def parse_options(given: dict[str, Any]) -> TaskOptions:
    """Make options of keywords. OptionError names an unknown one and the nearest that is known."""
    known = [field.name for field in fields(TaskOptions)]
    for name in given:
        if name not in known:
            raise OptionError(f"{name!r} is no option of a task function{suggest(name, known)}")
    implied = {"crash_limit": 0} if given.get("at_most_once") is True else {}
    return TaskOptions(**(implied | {name: _plain(name, given[name]) for name in given}))


def suggest(name: str, known: list[str]) -> str:
    """The end of a sentence that names what was probably meant, or what there is."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}"


def _whole(name: str, value: Any, least: int = 0) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _WIDEST:
        raise OptionError(f"{name} must be a whole number from {least} to {_WIDEST}, not {value!r}")


def _plain(name: str, value: Any) -> Any:
    """Where seconds are asked for, a timedelta says the same."""
    return value.total_seconds() if name in _TIMES and isinstance(value, timedelta) else value


def _seconds(name: str, value: Any, *, above_zero: bool = False) -> None:
    if value is None:
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not 0 <= value < _WIDEST or (above_zero and value == 0):
        least = "more than 0" if above_zero else "0 or more"
        raise OptionError(f"{name} must be seconds, {least}, not {value!r}")
