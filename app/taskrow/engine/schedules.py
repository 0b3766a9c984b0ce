"""The schedules of a queue, as an application or an operator handles them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from taskrow.domain.checks import check_not_ours, suggest
from taskrow.domain.schedule import Plan, Schedule, Source, check_missed, make_rule, next_due
from taskrow.errors import ArgumentsError, NoSuchScheduleError, OptionError, TransitionError
from taskrow.storage import schedules as rows

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from taskrow.engine.functions import TaskFunction
    from taskrow.engine.queue import QueueEngine


class Schedules:
    """Reads and changes the rows of ``schedules``; workers notice within a second."""

    def __init__(self, engine: QueueEngine) -> None:
        self._engine = engine

    def list(self) -> list[Schedule]:
        """Every schedule of the database, by name, whosever it is."""
        with self._engine.database.read() as connection:
            return rows.list_schedules(connection)

    def get(self, name: str) -> Schedule:
        """The schedule of this name. NoSuchScheduleError names the nearest."""
        with self._engine.database.read() as connection:
            found = rows.find_schedule(connection, name) if isinstance(name, str) else None
        if found is None:
            known = [schedule.name for schedule in self.list()]
            near = suggest(str(name), known) if known else ""
            raise NoSuchScheduleError(f"there is no schedule {name!r}{near}")
        return found

    def put(self, plan: Plan) -> Schedule:
        """Make a schedule, or change the one that was made so before.

        A rule that stays the same keeps its next due time; a new one counts from now. OptionError:
        it is in code, or its name is taskrow's own.
        """
        check_not_ours(plan.name)
        now, application = self._engine.clock(), self._engine.application

        def write(connection: Connection) -> None:
            row = rows.find_schedule(connection, plan.name)
            if row is None:
                next_at = next_due(plan.rule, now)
                rows.add_schedule(
                    connection, plan, source="runtime",
                    application=application, next_at=next_at, now=now,
                )  # fmt: skip
            elif row.source == "runtime" and (
                changes := changes_to(row, plan, "runtime", application, now)
            ):
                rows.change_schedule(connection, row, **changes)

        self._engine.database.write(write)
        return self._at_run_time(plan.name, "change it there")

    def remove(self, name: str) -> None:
        """Delete a schedule that was made at run time; what it has submitted stays.

        NoSuchScheduleError; OptionError when it stands in code.
        """
        self._at_run_time(name, "remove it there, or pause it")
        self._engine.database.write(lambda connection: rows.remove_schedule(connection, name))

    def pause(self, name: str) -> Schedule:
        """Let nothing be due until it is resumed. NoSuchScheduleError."""
        self.get(name)
        now = self._engine.clock()
        self._engine.database.write(
            lambda connection: rows.pause_schedule(connection, name, now=now)
        )
        return self.get(name)

    def resume(self, name: str) -> Schedule:
        """Go on with the next due time; those of the pause were not wanted. NoSuchScheduleError."""
        row = self.get(name)
        if row.paused_at is not None:
            on = row.disabled_reason is None
            next_at = next_due(row.parse_rule(), self._engine.clock()) if on else None
            self._engine.database.write(
                lambda c: rows.change_schedule(c, row, paused_at=None, next_at=next_at)
            )
        return self.get(name)

    def run(self, name: str) -> str:
        """Submit its task once, now, beside its due times, and return the id of the task.

        NoSuchScheduleError; UnknownTaskError when the code has no such task function any more;
        TransitionError when workers do it themselves, without a task.
        """
        row = self.get(name)
        if row.source == "taskrow":
            raise TransitionError(f"{name} makes no task: run `taskrow purge` instead")
        options = self._engine.registry.get(row.task_name).options
        return self._engine.submit(row.task_name, row.args, options)

    def _at_run_time(self, name: str, advice: str) -> Schedule:
        found = self.get(name)
        if found.source != "runtime":
            where = "in taskrow itself" if found.source == "taskrow" else "in code"
            raise OptionError(f"the schedule {name!r} is declared {where}: {advice}")
        return found


def changes_to(
    row: Schedule, plan: Plan, source: Source, application: str, now: datetime
) -> dict[str, Any]:
    """The columns that must change so that the row says what the plan does; a pause stays."""
    wanted = rows.facts_of(plan, source, application) | {"disabled_reason": None}
    if all(getattr(row, name) == value for name, value in wanted.items()):
        return {}
    same_rule = (row.rule, row.timezone) == (plan.rule.text, plan.rule.timezone)
    if (same_rule and row.disabled_reason is None) or row.paused_at is not None:
        return wanted
    return wanted | {"next_at": next_due(plan.rule, now)}


def plan_of_decorator(
    function: TaskFunction[..., Any],
    *,
    cron: str | None,
    every: timedelta | float | None,
    timezone: str | None,
    missed: str | None,
) -> Plan | None:
    """What ``@queue.task`` asks for; None: no schedule. OptionError says what is wrong with it."""
    if cron is None and every is None:
        if timezone is not None or missed is not None:
            raise OptionError("timezone and missed go with a schedule: give schedule= or every=")
        return None
    rule = make_rule(cron, every, timezone)
    checked = check_missed("once" if missed is None else missed)
    _check_is_callable_alone(function)
    name = function.name
    return Plan(name=name, task_name=name, rule=rule, missed=checked)


def _check_is_callable_alone(function: TaskFunction[..., Any]) -> None:
    try:
        function.encode_call((), {}, limit=1000)
    except ArgumentsError as error:
        raise OptionError(
            f"a schedule calls its task without arguments, but {error}: give them defaults, "
            "or use queue.schedule(..., args=...)"
        ) from None
