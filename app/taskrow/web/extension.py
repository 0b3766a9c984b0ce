"""``TaskQueue``: the Flask extension, and the three doors to the queue."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from flask import Flask, current_app, has_app_context
from sqlalchemy import make_url

from taskrow.domain.checks import check_flag, check_name
from taskrow.domain.options import parse_options
from taskrow.domain.schedule import Plan
from taskrow.domain.seconds import to_patience
from taskrow.domain.settings import Settings, read_settings
from taskrow.engine import lanes
from taskrow.engine.attached import KEY
from taskrow.engine.context import TaskContext
from taskrow.engine.executor import QueueExecutor
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.engine.result import AsyncResult
from taskrow.engine.schedules import plan_of_decorator
from taskrow.engine.shared import shared
from taskrow.errors import NoApplicationError, OptionError, SettingsError
from taskrow.web.access import KEY as ACCESS
from taskrow.web.access import Access, AccessFunction, OwnerFunction
from taskrow.web.async_api import adopted, stored
from taskrow.web.blueprint import register_monitors
from taskrow.web.lookup import engine_of
from taskrow.web.neighbours import FlaskSurroundings, meet_neighbours
from taskrow.web.schedules import ScheduleMethods
from taskrow.web.submitting import SubmitMethods
from taskrow.web.views import ViewResolver

P = ParamSpec("P")
R = TypeVar("R")


class TaskQueue(ScheduleMethods, SubmitMethods):
    """The queue of a Flask application, or of several.

    ``TaskQueue(app)``, or ``TaskQueue()`` and later ``init_app(app)``. Settings are config keys
    with the prefix ``TASKROW_`` (domain/settings.py); the default database is
    ``instance/taskrow.db``.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self._registry = Registry()
        self._apps: list[Flask] = []
        self._access = Access()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Make ``app`` an application of this queue. RuntimeError when it has a queue already."""
        if KEY in app.extensions and app not in adopted:
            raise RuntimeError("this application has a TaskQueue already: use that one")
        registry = self._registry.with_resolver(ViewResolver(app)).with_resolver(shared.find)
        app.extensions[KEY] = QueueEngine(
            _settings_of(app),
            registry,
            application=app.name,
            around=app.app_context,
            owner=self._access.current_owner,
            surroundings=FlaskSurroundings(app),
        )
        app.extensions[ACCESS] = self._access
        self._apps.append(app)
        if app not in adopted:
            register_monitors(app)
        adopted.discard(app)
        meet_neighbours(app)

    @property
    def applications(self) -> list[Flask]:
        """The applications that have this queue."""
        return list(self._apps)

    def register(self, function: TaskFunction[..., Any]) -> None:
        """Make known what was made elsewhere. OptionError when its name is taken."""
        self._registry.add(function.name, function)

    def declare(self, plan: Plan) -> None:
        """Note a schedule that stands in code."""
        self._registry.declare(plan)

    # -- door 1: a view becomes a task ---

    @overload
    def async_api(self, view: Callable[P, R], /) -> Callable[P, R]: ...

    @overload
    def async_api(self, /, **options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    def async_api(self, view: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Run a view in the worker (web/async_api.py): bare, or with options in parentheses."""
        return stored(**options) if view is None else stored(view)

    # -- who may look, and who may do more ---

    def owner(self, function: OwnerFunction) -> OwnerFunction:
        """Say whose a request is: ``@queue.owner`` above a function from the request to a text.

        A task belongs to whoever submitted it, and for other clients it does not exist. None:
        nobody's; such a task may be seen by whoever has its id.
        """
        _check_callable("owner", function)
        self._access.owner = function
        return function

    def access(self, function: AccessFunction) -> AccessFunction:
        """Open the rest of ``/tasks``: ``@queue.access`` above a function (request, verb) -> reach.

        verb: "list", "submit", "cancel", "retry" or "logs". Reach: "all", "own" (or True) for the
        client's own tasks, False or None for no. Without such a function all of it is closed.
        """
        _check_callable("access", function)
        self._access.may = function
        return function

    # -- door 2: task functions ---

    @overload
    def task(self, function: Callable[P, R], /) -> TaskFunction[P, R]: ...

    @overload
    def task(
        self, /, *, bind: Literal[True], name: str | None = None, **options: Any
    ) -> Callable[[Callable[Concatenate[TaskContext, P], R]], TaskFunction[P, R]]: ...

    @overload
    def task(
        self, /, *, bind: Literal[False] = False, name: str | None = None, **options: Any
    ) -> Callable[[Callable[P, R]], TaskFunction[P, R]]: ...

    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        bind: bool = False,
        schedule: str | None = None,
        every: timedelta | float | None = None,
        timezone: str | None = None,
        missed: str | None = None,
        **options: Any,
    ) -> Any:
        """Register a function as a task: ``@queue.task``, or with options.

        name: under which rows and workers know it (``module.function``). bind: pass the task itself
        as first argument. schedule (a cron text, with a timezone) or every (a timedelta): when
        workers submit it by themselves; missed: ``once`` or ``skip`` (docs/schedules.md). Others:
        domain/options.py. OptionError names what is wrong.
        """
        checked = parse_options(options)
        if name is not None:
            check_name(name)
        check_flag("bind", bind)

        def register(function: Callable[..., Any]) -> TaskFunction[..., Any]:
            if not callable(function) or isinstance(function, TaskFunction | type):
                raise OptionError(f"@queue.task goes above a function, not {function!r}")
            made: TaskFunction[..., Any] = TaskFunction(
                function, name=name, bind=bind, options=checked, find_engine=self.engine
            )
            plan = plan_of_decorator(
                made, cron=schedule, every=every, timezone=timezone, missed=missed
            )
            self.register(made)
            if plan is not None:
                self.declare(plan)
            return made

        return register if function is None else register(function)

    def AsyncResult(self, task_id: str) -> AsyncResult:  # noqa: N802 - Celery's spelling
        """The handle of a task that was submitted before."""
        return AsyncResult(task_id, self.engine())

    # -- door 3: an executor ---

    @property
    def executor(self) -> QueueExecutor:
        """A new ``concurrent.futures.Executor`` whose work is task functions.

        ``queue.executor.submit(...)``, or with options of ``apply_async`` for all that it submits:
        ``queue.executor(queue="mail", priority=5)``.
        """
        return QueueExecutor(self.engine, self.task)

    # -- whole queues ---

    def pause(self, queue: str, *, reason: str | None = None) -> None:
        """Have workers take nothing more from a queue; what runs goes on."""
        lanes.pause(self.engine(), queue, reason)

    def resume(self, queue: str) -> bool:
        """Have workers take from a queue again, at once. False: it was not paused."""
        return lanes.resume(self.engine(), queue)

    def paused(self) -> dict[str, datetime]:
        """The paused queues, and since when; the empty name: all (``taskrow pause --all``)."""
        return lanes.paused(self.engine())

    def drain(self, *queues: str, timeout: float | None = None) -> None:
        """Wait until nothing runs, and nothing that could run waits, in these queues, or in all.

        For a deploy, pause first: then it waits for what runs alone. What is scheduled for later
        does not count, unless it is a retry. TimeoutError after ``timeout`` seconds.
        """
        lanes.drain(self.engine(), queues, to_patience(timeout))

    def engine(self) -> QueueEngine:
        """The queue of the current application, or of the only one; else NoApplicationError."""
        if has_app_context():
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            if app in self._apps:
                return engine_of(app)
        if len(self._apps) == 1:
            return engine_of(self._apps[0])
        raise NoApplicationError


def _check_callable(decorator: str, function: object) -> None:
    if not callable(function):
        raise OptionError(f"@queue.{decorator} goes above a function, not {function!r}")


def _settings_of(app: Flask) -> Settings:
    url = app.config.get("TASKROW_DATABASE_URL")
    if url is not None and not isinstance(url, str):
        raise SettingsError(f"TASKROW_DATABASE_URL must be a text, not {url!r}")
    if url is None:
        with suppress(OSError):  # whoever opens the database says what is wrong
            Path(app.instance_path).mkdir(mode=0o755, parents=True, exist_ok=True)
    url = _absolute(url or "sqlite:///taskrow.db", Path(app.instance_path))
    return read_settings({**app.config, "TASKROW_DATABASE_URL": url})


def _absolute(url: str, directory: Path) -> str:
    """An SQLite file without a full path lies in the instance folder, as in Flask-SQLAlchemy."""
    if not url.startswith("sqlite:///"):
        return url
    parsed = make_url(url)
    if not parsed.database or parsed.database == ":memory:":
        return url
    return str(parsed.set(database=str(directory / parsed.database)))
