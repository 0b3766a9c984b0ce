"""``Tasks``: what a test does with the tasks of an application, in its own process and time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import delete, func, select

from taskrow.engine.attached import KEY
from taskrow.engine.calls import as_written
from taskrow.engine.clock import DrivenClock, utc_now
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from taskrow.storage import queries
from taskrow.storage.tables import tasks as rows
from taskrow.testing.submitted import SubmittedTask, What, fits, listing, name_of
from taskrow.testing.worker import TestWorker
from taskrow.web.lookup import engine_of


class Tasks:
    """The tasks of one application in a test. The clock stands still until it is turned."""

    def __init__(self, engine: QueueEngine, clock: DrivenClock, *, fresh: bool = True) -> None:
        self.engine = engine
        self._clock = clock
        self._worker = TestWorker(engine, clock)
        self._before = 0 if fresh else self._newest()

    # -- time and work ---

    @property
    def now(self) -> datetime:
        """The time that the application sees, in UTC."""
        return self._clock()

    @property
    def eager(self) -> bool:
        """Whether a task runs at once where it is submitted, as with TASKROW_EAGER."""
        return self.engine.eager

    @eager.setter
    def eager(self, on: bool) -> None:
        self.engine.eager = on

    def run_pending(self) -> list[SubmittedTask]:
        """Run what is due now, and what that submits, until nothing is; returns what ran, in order.

        A task that asked to be retried at once is there once for each attempt. RuntimeError after a
        thousand: something submits itself.
        """
        return list(self._worker.run_due())

    def advance(
        self, by: timedelta | None = None, *, run: bool = True, **units: float
    ) -> list[SubmittedTask]:
        """Turn the clock on, and do on the way, each at its time, what becomes due.

        ``advance(hours=25)``, with the words of ``timedelta``. Countdowns and retries run,
        schedules fire, what lost workers had is taken back, old rows are purged. Returns what ran.
        With ``run=False`` nobody works meanwhile: the clock is turned, and that is all.
        """
        target = self.now + (by or timedelta()) + timedelta(**units)
        if target < self.now:
            raise ValueError("the clock of a test goes forward only")
        ran = self._worker.work_until(target) if run else []
        self._clock.now = target
        return ran

    def lose_worker(self, *, silently: bool = False) -> None:
        """Lose the worker of the next task that is run, after it has claimed it (as by SIGKILL).

        Others see at once that it is gone: with the next ``advance()`` the task runs again, or
        fails where it may not. ``silently``: as when its machine is gone; then it takes a lease
        (30 seconds) until they take the task back.
        """
        self._worker.lose_next(silently=silently)

    # -- what was submitted ---

    def submitted(self, what: What | None = None) -> list[SubmittedTask]:
        """What was submitted in this test, oldest first: all of it, or the tasks of one function.

        ``what``: the function, its name, or ``view:<endpoint>`` for a view.
        """
        query = select(rows.c.id).where(rows.c.seq > self._before).order_by(rows.c.seq)
        if what is not None:
            query = query.where(rows.c.name == name_of(what))
        with self.engine.database.read() as connection:
            ids = list(connection.execute(query).scalars())
            found = {task.id: task for task in queries.find_many(connection, ids)}
        return [SubmittedTask(found[task_id]) for task_id in ids if task_id in found]

    def assert_submitted(self, what: What, /, *args: Any, **kwargs: Any) -> SubmittedTask:
        """Fail unless such a task was submitted, with these arguments among others.

        Returns the newest that fits.
        """
        __tracebackhide__ = True
        found = self._matching(what, args, kwargs)
        if not found:
            call = as_written(name_of(what), args, kwargs)
            raise AssertionError(f"{call} was not submitted{listing(self.submitted())}")
        return found[-1]

    def assert_not_submitted(self, what: What, /, *args: Any, **kwargs: Any) -> None:
        """Fail if such a task was submitted, with these arguments among others."""
        __tracebackhide__ = True
        if found := self._matching(what, args, kwargs):
            call = as_written(name_of(what), args, kwargs)
            raise AssertionError(f"{call} was submitted{listing(found)}")

    def clear(self) -> None:
        """Delete all that was submitted in this test, whether it has run or not."""
        mine = delete(rows).where(rows.c.seq > self._before)
        self.engine.database.write(lambda connection: connection.execute(mine).close())

    # ---

    def _matching(
        self, what: What, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> list[SubmittedTask]:
        function = self.engine.registry.find(name_of(what))
        signature = function.signature if isinstance(function, TaskFunction) else None
        return [task for task in self.submitted(what) if fits(task, signature, args, kwargs)]

    def _newest(self) -> int:
        with self.engine.database.read() as connection:
            return connection.execute(select(func.max(rows.c.seq))).scalar() or 0


@contextmanager
def driven(app: Flask, file: Path) -> Iterator[Tasks]:
    """Put a queue with a driven clock into an application, on a database in ``file``.

    Where the application sets TASKROW_DATABASE_URL, it is that database, and what was submitted is
    deleted from it in the end.
    """
    with app.app_context():  # a script with a bare @async_api gets its queue here
        before = engine_of(app)
    fresh = app.config.get("TASKROW_DATABASE_URL") is None
    settings = replace(before.settings, database_url=f"sqlite:///{file}") if fresh else None
    clock = DrivenClock(utc_now())
    engine = before.variant(settings or before.settings, clock)
    app.extensions[KEY] = engine
    try:
        tasks = Tasks(engine, clock, fresh=fresh)
        yield tasks
        if not fresh:
            tasks.clear()
    finally:
        app.extensions[KEY] = before
        engine.close()
