"""Queues on one database with a clock that the test turns, and task functions with schedules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from taskrow.domain.options import TaskOptions
from taskrow.domain.schedule import Missed, Plan, Schedule, make_rule
from taskrow.domain.settings import Settings
from taskrow.engine.firing import Firing
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.engine.schedules import Schedules
from taskrow.storage.liveness import Liveness
from taskrow.storage.tables import schedule_fires, tasks

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (
    timedelta(**{unit: 1}) for unit in ("seconds", "minutes", "hours", "days")
)


class Clock:
    """The time, as the test wants it."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


class Alive(Liveness):
    """No worker is gone."""

    def __init__(self) -> None: ...

    def is_gone(self, _: str) -> bool:
        return False

    def close(self) -> None: ...


class Site:
    """One application on a database: its code, its queue and one worker's part in the schedules."""

    def __init__(self, url: str, clock: Clock | None = None, application: str = "shop") -> None:
        self.clock = clock or Clock()
        self.registry = Registry()
        self.engine = QueueEngine(
            Settings(database_url=url), self.registry, clock=self.clock, application=application
        )
        self.schedules = Schedules(self.engine)
        self.firing = Firing(self.engine)

    def function(self, name: str = "report", **options: Any) -> TaskFunction[..., Any]:
        """A task function in the code of this application."""

        def work(*args: Any, **kwargs: Any) -> None: ...

        made: TaskFunction[..., Any] = TaskFunction(
            work, name=name, bind=False, options=TaskOptions(**options),
            find_engine=lambda: self.engine,
        )  # fmt: skip
        self.registry.add(name, made)
        return made

    def declare(self, name: str = "report", missed: Missed = "once", **rule: Any) -> None:
        """A schedule in its code."""
        plan = Plan(name=name, task_name=name, rule=make_rule(**rule), missed=missed)
        if self.registry.find(name) is None:
            self.function(name)
        self.registry.declare(plan)

    def start(self) -> Site:
        """What a worker does for the schedules when it starts."""
        self.firing.begin(self.clock())
        return self

    def at(self, now: datetime) -> list[str]:
        """A turn of the worker at a time; what it fired but for the purge."""
        self.clock.now = now
        return [name for name in self.firing.turn(now) if name != "taskrow.purge"]

    def row(self, name: str = "report") -> Schedule:
        return self.schedules.get(name)

    def fires(self, name: str = "report") -> list[datetime]:
        """The due times that have fired; each has its task."""
        fired = select(schedule_fires.c.due_at, tasks.c.id).outerjoin(
            tasks, tasks.c.id == schedule_fires.c.task_id
        )
        with self.engine.database.read() as connection:
            found = connection.execute(
                fired.where(schedule_fires.c.schedule == name).order_by(schedule_fires.c.due_at)
            ).all()
        assert all(row.id is not None for row in found)
        return [row.due_at for row in found]

    def tasks(self) -> list[dict[str, Any]]:
        with self.engine.database.read() as connection:
            return [dict(row) for row in connection.execute(
                select(tasks).order_by(tasks.c.seq)).mappings()]  # fmt: skip

    def edit(self, statement: str) -> None:
        """Change rows by hand."""
        self.engine.database.write(lambda c: c.exec_driver_sql(statement).close())


SiteFactory = Callable[..., Site]
