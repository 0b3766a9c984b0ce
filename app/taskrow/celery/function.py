"""The task function behind a Celery task: what the registry knows and a runner runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from taskrow.celery.request import Running, running
from taskrow.domain.options import TaskOptions
from taskrow.engine.context import TaskContext
from taskrow.engine.functions import TaskFunction

if TYPE_CHECKING:
    from taskrow.celery.task import Task
    from taskrow.engine.queue import QueueEngine


class CeleryFunction(TaskFunction[..., Any]):
    """Calls the task, so that a ``__call__`` of the user's base class is in the way."""

    def __init__(
        self,
        task: Task[..., Any],
        function: Callable[..., Any],
        *,
        name: str | None,
        bind: bool,
        find: Callable[[], QueueEngine],
    ) -> None:
        super().__init__(function, name=name, bind=bind, options=TaskOptions(), find_engine=find)
        self.task = task

    def run(
        self, engine: QueueEngine, context: TaskContext, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        with running(Running(self.task, context, args, kwargs)):
            value = super().run(engine, context, args, kwargs)
        return None if self._drops_result() else value

    def _call(self, context: TaskContext, args: list[Any], kwargs: dict[str, Any]) -> Any:
        return self.task(*args, **kwargs)

    def _drops_result(self) -> bool:
        own = self.task.ignore_result
        return bool(self.task.conf.get("task_ignore_result") if own is None else own)
