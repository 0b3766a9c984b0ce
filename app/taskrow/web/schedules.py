"""The schedules of a queue, as its application's code handles them at run time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from taskrow.domain.schedule import Plan, Schedule, check_missed, make_rule
from taskrow.engine.calls import call_of
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from taskrow.engine.result import AsyncResult
from taskrow.engine.schedules import Schedules
from taskrow.errors import NotATaskError, OptionError


class ScheduleMethods:
    """What ``TaskQueue`` can do with schedules."""

    def engine(self) -> QueueEngine:
        """The queue of the current application."""
        raise NotImplementedError

    def schedule(
        self,
        name: str,
        function: TaskFunction[..., Any],
        *,
        cron: str | None = None,
        every: timedelta | float | None = None,
        timezone: str | None = None,
        missed: str = "once",
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Schedule:
        """Have a task submitted at every due time from now on; the same name again changes it.

        cron, with the name of a timezone, or every (a timedelta, or seconds). missed: after a time
        without workers fire the newest due time ``once``, or ``skip`` to the next. OptionError,
        ArgumentsError and NotATaskError say what is wrong.
        """
        if not isinstance(name, str) or not name or not name.isprintable():
            raise OptionError(f"the name of a schedule is a text in plain characters, not {name!r}")
        if not isinstance(function, TaskFunction):
            raise NotATaskError
        engine, rule = self.engine(), make_rule(cron, every, timezone)
        limit = engine.settings.max_payload
        call = function.encode_call(*call_of(args, kwargs), limit=limit)
        plan = Plan(
            name=name, task_name=function.name, rule=rule, missed=check_missed(missed), args=call
        )
        return Schedules(engine).put(plan)

    def unschedule(self, name: str) -> None:
        """Delete a schedule that was made at run time. NoSuchScheduleError, OptionError."""
        Schedules(self.engine()).remove(name)

    def schedules(self) -> list[Schedule]:
        """Every schedule of the database, by name, with how it stands (``state, next_times()``)."""
        return Schedules(self.engine()).list()

    def pause_schedule(self, name: str) -> Schedule:
        """Let nothing be due until it is resumed. NoSuchScheduleError."""
        return Schedules(self.engine()).pause(name)

    def resume_schedule(self, name: str) -> Schedule:
        """Go on with the next due time. NoSuchScheduleError."""
        return Schedules(self.engine()).resume(name)

    def run_schedule(self, name: str) -> AsyncResult:
        """Submit the task of a schedule once, now. NoSuchScheduleError, UnknownTaskError."""
        engine = self.engine()
        return AsyncResult(Schedules(engine).run(name), engine)
