"""What must change in the rows so that they say what the code declares.

A worker asks when it starts, for it has imported the whole application. The row of a schedule that
left the code stays, disabled and with the reason, and is used again when the code has it again.
Rows know the application that declares them, so that two on one database leave each other alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from taskrow.domain.schedule import IntervalRule, Plan, Schedule, Source, next_due
from taskrow.engine.schedules import changes_to
from taskrow.storage import schedules as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from taskrow.engine.queue import QueueEngine

# The purge is a schedule like others, to be seen and paused, but it needs no task: the worker that
# moves its row on purges. A task row a minute would be most of what an idle database holds.
PURGE = Plan(
    name="taskrow.purge", task_name="taskrow.purge", rule=IntervalRule(timedelta(minutes=1))
)


@dataclass(frozen=True)
class Change:
    """One change of the rows, and how the log tells of it."""

    sentence: str
    write: Callable[[Connection], object]

    @classmethod
    def of(cls, row: Schedule, sentence: str, **values: Any) -> Change:
        """New values for one row."""
        return cls(f"{row.name} {sentence}", lambda c: rows.change_schedule(c, row, **values))


def changes_of_code(engine: QueueEngine, there: list[Schedule], now: datetime) -> list[Change]:
    """The changes that make ``there`` (all rows) what the code declares; mostly none."""
    by_name = {row.name: row for row in there}
    plans = engine.registry.plans()
    changes = _wanted(by_name.get(PURGE.name), PURGE, "taskrow", "", now)
    for plan in plans:
        changes += _wanted(by_name.get(plan.name), plan, "code", engine.application, now)
    return changes + _left_the_code(there, {plan.name for plan in plans}, engine.application)


def _wanted(
    row: Schedule | None, plan: Plan, source: Source, application: str, now: datetime
) -> list[Change]:
    if row is None:
        add = partial(
            rows.add_schedule,
            plan=plan,
            source=source,
            application=application,
            next_at=now if source == "taskrow" else next_due(plan.rule, now),
            now=now,
        )
        return [Change(f"{plan.name} is new: {plan.rule.text}", add)]
    values = changes_to(row, plan, source, application, now)
    return [Change.of(row, f"changed: {plan.rule.text}", **values)] if values else []


def _left_the_code(there: list[Schedule], names: set[str], application: str) -> list[Change]:
    reason = f"it is no longer in the code of {application!r}"
    return [
        Change.of(row, f"is disabled: {reason}", disabled_reason=reason, next_at=None)
        for row in there
        if row.source == "code" and row.application == application
        if row.name not in names and row.disabled_reason is None
    ]
