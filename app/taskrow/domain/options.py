"""What a task function can ask for. Checked where it is written: a wrong one fails at import."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from taskrow.domain.checks import WIDEST, check_flag, check_whole, is_name, refuse_unknown
from taskrow.domain.retry import Backoff, check_backoff
from taskrow.domain.seconds import to_seconds
from taskrow.domain.unique import FINISHED, Unique, check_unique, check_until
from taskrow.errors import OptionError

_ABOVE_ZERO = ("timeout", "soft_timeout", "backoff_cap", "expires")

Classes = tuple[type[BaseException], ...]


@dataclass(frozen=True, kw_only=True)
class TaskOptions:
    """The options of one task function.

    aliases: other names under which rows may still stand (its name before it was moved). queue: the
    lane its tasks wait in. priority: higher is claimed first. retries: how many times an exception
    leads to another attempt. retry_on: the exceptions that do, a class or a tuple of them;
    never_retry_on: those that do not, whatever retry_on says. backoff: the delay before it, a curve
    ("exponential", "linear", "constant"), seconds, or a function of (failures, error) that returns
    seconds; backoff_cap: the longest, in seconds (600 for a curve). crash_limit: how many lost
    workers a task survives. at_most_once: crash_limit=0 by its meaning: what was begun is never
    begun again by itself. timeout: seconds after which the process that runs it is ended;
    soft_timeout: seconds after which SoftTimeout is raised in it. expires: seconds after the submit
    in which it must be started to run at all. unique: which calls are one task while it lives:
    those of the function ("name"), those with the same arguments ("arguments"), or those of which a
    function of the arguments returns the same text. unique_until: when the next may be submitted,
    "finished" or "started". track_started: whether AsyncResult says STARTED while it runs.
    retention: seconds a finished row is kept, whatever its outcome; None is the application's rule.
    http: whether clients may submit it by name over HTTP, where the application opens that.
    """

    aliases: tuple[str, ...] = ()
    queue: str = "default"
    priority: int = 0
    retries: int = 0
    retry_on: Classes = (BaseException,)
    never_retry_on: Classes = ()
    backoff: Backoff = "exponential"
    backoff_cap: float | None = None
    crash_limit: int = 3
    at_most_once: bool = False
    timeout: float | None = None
    soft_timeout: float | None = None
    expires: float | None = None
    unique: Unique | None = None
    unique_until: str = FINISHED
    track_started: bool = False
    retention: float | None = None
    http: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.queue, str) or not self.queue.isprintable() or not self.queue:
            raise OptionError(f"queue must be a name in plain characters, not {self.queue!r}")
        check_whole("priority", self.priority, least=-WIDEST)
        for name in ("retries", "crash_limit"):
            check_whole(name, getattr(self, name))
        for name in ("at_most_once", "track_started", "http"):
            check_flag(name, getattr(self, name))
        self._make_plain()
        self._check_timeouts()
        self._check_at_most_once()

    def _make_plain(self) -> None:
        """Keep what can be written in several ways in one."""
        check_until(self.unique_until)
        plain: dict[str, Any] = {
            "backoff": check_backoff(self.backoff),
            "unique": check_unique(self.unique),
        }
        plain["aliases"] = _names("aliases", self.aliases)
        for name in (*_ABOVE_ZERO, "retention"):
            if (given := getattr(self, name)) is not None:
                plain[name] = to_seconds(name, given, above_zero=name in _ABOVE_ZERO)
        for name in ("retry_on", "never_retry_on"):
            plain[name] = _classes(name, getattr(self, name))
        for name, value in plain.items():
            object.__setattr__(self, name, value)  # the way of a frozen dataclass to begin

    def _check_timeouts(self) -> None:
        if self.timeout is None or self.soft_timeout is None or self.soft_timeout < self.timeout:
            return
        raise OptionError(
            f"soft_timeout must be less than timeout ({self.timeout:g}), not {self.soft_timeout!r}"
        )

    def _check_at_most_once(self) -> None:
        if self.at_most_once and self.crash_limit != 0:
            raise OptionError(
                f"at_most_once means crash_limit=0, not {self.crash_limit!r}: give one of them"
            )


def parse_options(given: dict[str, Any]) -> TaskOptions:
    """Make options of keywords. OptionError names an unknown one and the nearest that is known."""
    refuse_unknown(
        given, [field.name for field in fields(TaskOptions)], "option of a task function"
    )
    implied = {"crash_limit": 0} if given.get("at_most_once") is True else {}
    return TaskOptions(**(implied | given))


def _names(option: str, value: Any) -> tuple[str, ...]:
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, tuple | list) or not all(map(is_name, found)):
        raise OptionError(f"{option} must be names in plain characters without ':', not {value!r}")
    return tuple(found)


def _classes(name: str, value: Any) -> Classes:
    """Exception classes as the tuple that isinstance takes."""
    found = value if isinstance(value, tuple) else (value,)
    for kind in found:
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            raise OptionError(f"{name} must be an exception class or a tuple of them, not {kind!r}")
    return found
