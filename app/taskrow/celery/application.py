"""``Celery``: the object that a project ported by its imports goes on using."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from taskrow.celery import binding
from taskrow.celery.beat import plan_of_call, plans_of
from taskrow.celery.canvas import Signature
from taskrow.celery.conf import Conf
from taskrow.celery.declaring import declare, function_of_class, shared_tasks
from taskrow.celery.hooks import Control, Hook
from taskrow.celery.mapping import of_name
from taskrow.celery.missing import refuse
from taskrow.celery.result import AsyncResult
from taskrow.celery.schedules import crontab, schedule
from taskrow.celery.submitting import submit_options
from taskrow.celery.task import Task
from taskrow.domain.checks import suggest
from taskrow.engine.by_name import send_by_name
from taskrow.engine.queue import QueueEngine
from taskrow.errors import NoApplicationError, UnknownTaskError
from taskrow.web.extension import TaskQueue

P = ParamSpec("P")
R = TypeVar("R")


class Celery:
    """Celery's application object over a TaskQueue, which is its attribute ``queue``.

    It belongs to the Flask application that has it in ``extensions["celery"]``, whose config or
    name it was given, or to the only one there is. broker and backend are ignored: the rows are in
    the application's task database. queue: a TaskQueue that the application has already.
    """

    def __init__(
        self,
        main: str | None = None,
        broker: str | None = None,
        backend: str | None = None,
        *,
        task_cls: type[Task[..., Any]] | None = None,
        include: Iterable[str] = (),
        config_source: Any = None,
        queue: TaskQueue | None = None,
        **keywords: Any,
    ) -> None:
        self.main = main
        self.queue = TaskQueue() if queue is None else queue
        self.Task: type[Task[..., Any]] = task_cls or Task
        self.tasks: dict[str, Task[..., Any]] = {}
        self.conf = Conf(self._changed)
        self.control = Control(self)
        self.on_after_configure, self.on_after_finalize = Hook(), Hook()
        self._engine: QueueEngine | None = None
        self._imports = list(include)
        if config_source is not None:
            self.config_from_object(config_source)
        given = {"broker_url": broker, "result_backend": backend, **keywords}
        self.conf.update({name: value for name, value in given.items() if value is not None})
        binding.watch_for_application_of(self)

    def __repr__(self) -> str:
        return f"<Celery {self.main}>"

    # -- its application and its configuration ---

    def engine(self) -> QueueEngine:
        """The queue of the current application. NoApplicationError says how to get one."""
        try:
            return self.queue.engine()
        except NoApplicationError:
            raise NoApplicationError(
                f"{self!r} does not know its Flask application yet: push an app context; where the "
                "application has a TaskQueue of its own, say Celery(..., queue=that_queue)"
            ) from None

    def configured(self, engine: QueueEngine) -> None:
        """Its application was found: heed the configuration, and call who waited for it."""
        self._engine = engine
        self._changed()
        for module in [*self._imports, *_listed(self.conf.imports), *_listed(self.conf.include)]:
            import_module(module)
        self.on_after_configure.fire(self)
        self.on_after_finalize.fire(self)

    def config_from_object(self, source: Any, silent: bool = False, **more: Any) -> None:
        """Read the configuration from a mapping, an object, or the name of a module."""
        self.conf.read(source, more.get("namespace"))

    def set_default(self) -> None:
        """Make it the one that shared tasks fall back on."""
        binding.set_default(self)

    def autodiscover_tasks(
        self,
        packages: Iterable[str] | Callable[[], Iterable[str]] = (),
        related_name: str | None = "tasks",
        **_: Any,
    ) -> None:
        """Import ``package.tasks`` of each package, once the application is known."""

        def discover(**_: Any) -> None:
            for package in packages() if callable(packages) else packages:
                name = f"{package}.{related_name}" if related_name else package
                if find_spec(name) is not None:
                    import_module(name)

        self.on_after_configure.connect(discover)

    def _changed(self) -> None:
        for task in (*self.tasks.values(), *shared_tasks.values()):
            task.reread(self.conf)
        for task in shared_tasks.values():
            task.take_class(self.Task)
        for plan in plans_of(self.conf):
            self.queue.declare(plan)
        if self._engine is None:
            return
        self.conf.tell()
        if "task_always_eager" in self.conf:
            self._engine.eager = bool(self.conf["task_always_eager"])

    # -- tasks ---

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...

    @overload
    def task(
        self, /, *, bind: Literal[True], **options: Any
    ) -> Callable[[Callable[Concatenate[Any, P], R]], Task[P, R]]: ...

    @overload
    def task(
        self, /, *, bind: Literal[False] = False, **options: Any
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...

    def task(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Make a function a task, with Celery's options or taskrow's. OptionError: a wrong one."""

        def register(function: Callable[..., Any]) -> Task[..., Any]:
            task = declare(self, function, options)
            self.tasks[task.name] = task
            return task

        return register if function is None else register(function)

    def register_task(self, task: Task[..., Any], **options: Any) -> Task[..., Any]:
        """Make an object of a class that defines ``run`` a task."""
        if type(task).run is Task.run:
            refuse("run", type(task).__name__)
        name = getattr(task, "name", None) or f"{type(task).__module__}.{type(task).__name__}"
        declare(self, function_of_class(type(task)), {"name": name, "bind": True, **options}, task)
        return self.tasks.setdefault(name, task)

    def send_task(
        self,
        name: str,
        args: Iterable[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> AsyncResult:
        """Submit by name; the function may be known to the worker alone."""
        engine, wanted = self.engine(), submit_options(options, self.conf)
        if engine.registry.find(name) is None:
            wanted = of_name(name, self.conf) | wanted
        return AsyncResult(send_by_name(engine, name, args, kwargs, wanted).id, engine)

    def signature(self, name: str, *args: Any, **options: Any) -> Signature:
        """A call of a task that is known here by this name. UnknownTaskError (NotRegistered)."""
        known = {**shared_tasks, **self.tasks}
        if name not in known:
            raise UnknownTaskError(f"no task is registered as {name!r}{suggest(name, known)}")
        return known[name].signature(*args, **options)

    def AsyncResult(self, task_id: str) -> AsyncResult:  # noqa: N802 - Celery's spelling
        """The handle of a task that was submitted before."""
        return AsyncResult(task_id, self.engine())

    def add_periodic_task(
        self,
        when: float | timedelta | schedule | crontab,
        call: Signature,
        args: Iterable[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        name: str | None = None,
        **options: Any,
    ) -> str:
        """Have a call submitted by workers at every due time; returns the schedule's name."""
        plan = plan_of_call(when, call.clone(args, kwargs), name, options, self.conf)
        self.queue.declare(plan)
        return plan.name

    def worker_main(self, *_: Any) -> None:
        """Not here: a sentence."""
        refuse("worker_main")

    start = worker_main


def _listed(modules: Any) -> list[str]:
    return [modules] if isinstance(modules, str) else list(modules or ())
