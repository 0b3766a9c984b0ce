"""``@executor.job``: a task function with the verbs of an executor, as in Flask-Executor."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from taskrow.engine.executor import QueueExecutor
    from taskrow.engine.functions import TaskFunction
    from taskrow.engine.futures import TaskFuture

P = ParamSpec("P")
R = TypeVar("R")


class Job(Generic[P, R]):
    """A function that an executor runs. Called like a function, it runs here and now.

    ``task`` is the task function behind it, with ``delay`` and ``apply_async``.
    """

    def __init__(self, executor: QueueExecutor, task: TaskFunction[P, R]) -> None:
        functools.update_wrapper(self, task.function)
        self.task = task
        self._executor = executor

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.task(*args, **kwargs)

    def submit(self, /, *args: P.args, **kwargs: P.kwargs) -> TaskFuture:
        """Submit a call."""
        return self._executor.submit(self.task, *args, **kwargs)

    def submit_stored(self, key: str, /, *args: P.args, **kwargs: P.kwargs) -> TaskFuture:
        """Submit a call, and store its future under a key. ValueError when the key is taken."""
        return self._executor.submit_stored(key, self.task, *args, **kwargs)

    def map(self, *iterables: Iterable[Any], **options: Any) -> Iterator[Any]:
        """Submit a call for each set of arguments; options: those of the executor's ``map``."""
        return self._executor.map(self.task, *iterables, **options)
