"""What a task function can ask for. Checked where it is written: a wrong one fails at import."""

from __future__ import annotations

from dataclasses import dataclass, fields
from difflib import get_close_matches
from typing import Any

from taskrow.errors import OptionError

_WIDEST = 2**31 - 1  # what an INTEGER column of PostgreSQL holds


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """The options of one task function.

    queue: the lane its tasks wait in. priority: higher is claimed first. retries: how many times an
    exception leads to another attempt. crash_limit: how many lost workers a task survives.
    retention: seconds a finished row is kept, whatever its outcome; None is the application's rule.
    """

    queue: str = "default"
    priority: int = 0
    retries: int = 0
    crash_limit: int = 3
    retention: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.queue, str) or not self.queue.isprintable() or not self.queue:
            raise OptionError(f"queue must be a name in plain characters, not {self.queue!r}")
        _whole("priority", self.priority, least=-_WIDEST)
        _whole("retries", self.retries)
        _whole("crash_limit", self.crash_limit)
        if self.retention is not None and not _is_seconds(self.retention):
            raise OptionError(f"retention must be seconds, 0 or more, not {self.retention!r}")


def parse_options(given: dict[str, Any]) -> TaskOptions:
    """Make options of keywords. OptionError names an unknown one and the nearest that is known."""
    known = [field.name for field in fields(TaskOptions)]
    for name in given:
        if name not in known:
            raise OptionError(f"{name!r} is no option of a task function{suggest(name, known)}")
    return TaskOptions(**given)


def suggest(name: str, known: list[str]) -> str:
    """The end of a sentence that names what was probably meant, or what there is."""
    close = get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(sorted(known))}"


def _whole(name: str, value: Any, least: int = 0) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _WIDEST:
        raise OptionError(f"{name} must be a whole number from {least} to {_WIDEST}, not {value!r}")


def _is_seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _WIDEST
