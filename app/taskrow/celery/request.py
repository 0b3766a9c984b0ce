"""The task that is running, as ``self.request`` and ``current_task`` show it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskrow.engine.context import TaskContext, TaskRequest

if TYPE_CHECKING:
    from taskrow.celery.task import Task


@dataclass(frozen=True)
class Running:
    """One run of a task function."""

    task: Task[..., Any]
    context: TaskContext
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)
    eager: bool = False


_running: ContextVar[Running | None] = ContextVar("taskrow_celery_running", default=None)


@contextmanager
def running(run: Running) -> Iterator[None]:
    """The run that the block is part of."""
    token = _running.set(run)
    try:
        yield
    finally:
        _running.reset(token)


def running_task() -> Task[..., Any] | None:
    """The task that runs here and now."""
    run = _running.get()
    return None if run is None else run.task


def run_of(task: Task[..., Any]) -> Running:
    """The run of this task; where it is called like a function, one that says so."""
    run = _running.get()
    if run is not None and run.task is task:
        return run
    return Running(task, TaskContext(TaskRequest(name=task.name, called_directly=True)))


class Request:
    """``self.request``. Times, headers and what only a broker knows are not there."""

    def __init__(self, run: Running) -> None:
        known = run.context.request
        self.id, self.task, self.root_id, self.correlation_id = (
            known.id, known.name, known.id, known.id,
        )  # fmt: skip
        self.parent_id: str | None = None
        self.retries, self.attempt = known.retries, known.attempt
        self.called_directly, self.is_eager = known.called_directly, run.eager
        self.args, self.kwargs = run.args, run.kwargs
        options = run.task.function.options
        self.delivery_info = {"routing_key": options.queue, "priority": options.priority}
        self.hostname = socket.gethostname()

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, or the default."""
        return getattr(self, name, default)
