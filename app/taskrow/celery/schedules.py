"""Celery's schedules: ``crontab`` and intervals, as schedules of taskrow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from taskrow.celery.missing import refusing_imports
from taskrow.domain.schedule import Rule, make_rule
from taskrow.errors import OptionError

Field = int | str | Iterable[int | str]


class crontab:  # noqa: N801 - Celery's spelling
    """A cron text in keywords. All fields must fit, as in Celery."""

    def __init__(
        self,
        minute: Field = "*",
        hour: Field = "*",
        day_of_week: Field = "*",
        day_of_month: Field = "*",
        month_of_year: Field = "*",
        **_: Any,
    ) -> None:
        week, month = _text(day_of_week), _text(day_of_month)
        if not week.startswith("*") and not month.startswith("*"):
            raise OptionError(
                "crontab: Celery runs this where day_of_week and day_of_month both fit, cron where "
                "one does: give one of them and look for the other in the task"
            )
        self.text = " ".join([_text(minute), _text(hour), month, _text(month_of_year), week])

    def __repr__(self) -> str:
        return f"<crontab: {self.text}>"


class schedule:  # noqa: N801 - Celery's spelling
    """An interval: seconds or a timedelta."""

    def __init__(self, run_every: float | timedelta, **_: Any) -> None:
        self.run_every = run_every


def rule_of(when: Any, timezone: str | None) -> Rule:
    """The rule of an entry: seconds, a timedelta, a schedule or a crontab. OptionError: none."""
    if isinstance(when, crontab):
        return make_rule(cron=when.text, timezone=timezone)
    if isinstance(when, schedule):
        when = when.run_every
    if not isinstance(when, int | float | timedelta) or isinstance(when, bool):
        raise OptionError(f"a schedule is seconds, a timedelta or crontab(...), not {when!r}")
    return make_rule(every=when)


def _text(field: Field) -> str:
    if isinstance(field, str | int):
        return str(field).replace(" ", "")
    return ",".join(str(part) for part in sorted(field, key=str))


if not TYPE_CHECKING:  # a type checker tells by itself
    __getattr__ = refusing_imports(__name__)
