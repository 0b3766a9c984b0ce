"""Make tasks of functions: of one Celery object, or shared by all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar, overload

from taskrow.celery import binding
from taskrow.celery.conf import Conf
from taskrow.celery.task import Task
from taskrow.domain.checks import check_name
from taskrow.engine.schedules import plan_of_decorator
from taskrow.engine.shared import shared
from taskrow.errors import OptionError

if TYPE_CHECKING:
    from taskrow.celery.application import Celery

P = ParamSpec("P")
R = TypeVar("R")
shared_tasks: dict[str, Task[..., Any]] = {}
_SCHEDULE = ("schedule", "every", "timezone", "missed")


def declare(
    celery: Celery,
    function: Callable[..., Any],
    options: Mapping[str, Any],
    task: Task[..., Any] | None = None,
) -> Task[..., Any]:
    """Make a function a task of one Celery object."""
    made = _settled(task, function, options, celery.Task, celery.conf, celery.engine)
    made.app = celery
    celery.queue.register(made.function)
    plan = plan_of_decorator(
        made.function, cron=options.get("schedule"), every=options.get("every"),
        timezone=options.get("timezone"), missed=options.get("missed"),
    )  # fmt: skip
    if plan is not None:
        celery.queue.declare(plan)
    return made


def function_of_class(kind: type[Task[..., Any]]) -> Callable[..., Any]:
    """The ``run`` of a class as a function that takes the task first."""

    @wraps(kind.run)
    def run(task: Task[..., Any], *args: Any, **kwargs: Any) -> Any:
        return kind.run(task, *args, **kwargs)

    run.__qualname__ = kind.__name__
    return run


@overload
def shared_task(function: Callable[P, R], /) -> Task[P, R]: ...


@overload
def shared_task(
    *, bind: Literal[True], **options: Any
) -> Callable[[Callable[Concatenate[Any, P], R]], Task[P, R]]: ...


@overload
def shared_task(
    *, bind: Literal[False] = False, **options: Any
) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def shared_task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task of whichever application is current when it is submitted."""

    def register(function: Callable[..., Any]) -> Task[..., Any]:
        celery = binding.default_celery()
        conf, kind = (Conf(), Task) if celery is None else (celery.conf, celery.Task)
        made = _settled(None, function, options, kind, conf, binding.current_engine)
        shared.add(made.name, made.function)
        shared_tasks[made.name] = made
        return made

    return register if function is None else register(function)


def _settled(
    task: Task[..., Any] | None,
    function: Callable[..., Any],
    options: Mapping[str, Any],
    kind: type[Task[..., Any]],
    conf: Conf,
    find_engine: Callable[[], Any],
) -> Task[..., Any]:
    if not callable(function) or isinstance(function, Task):
        raise OptionError(f"a task is made of a function, not of {function!r}")
    name = options.get("name")
    if name is not None:
        check_name(name)
    others = {k: v for k, v in options.items() if k not in ("name", "bind", "base", *_SCHEDULE)}
    made = task if task is not None else (options.get("base") or kind)()
    made.settle(
        function, name=name, bind=bool(options.get("bind")), options=others,
        conf=conf, find_engine=find_engine,
    )  # fmt: skip
    return made
