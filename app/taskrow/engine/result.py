"""AsyncResult: a task as its submitter sees it, in Celery's words."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from taskrow.domain.payload import read_object
from taskrow.domain.seconds import to_patience
from taskrow.domain.task import Status, Task
from taskrow.engine.forgetting import forget
from taskrow.errors import (
    NoSuchTaskError,
    OptionError,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    TransitionError,
)

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

PENDING, STARTED, SUCCESS, FAILURE, REVOKED = "PENDING", "STARTED", "SUCCESS", "FAILURE", "REVOKED"
_SAYING_WHY = ("Cancel", "Expired")  # types of the error of a cancelled task
_ENDED = {Status.SUCCEEDED: SUCCESS, Status.FAILED: FAILURE, Status.CANCELLED: REVOKED}


class AsyncResult:
    """The handle of a task. Every property reads the row anew."""

    def __init__(self, task_id: str, engine: QueueEngine) -> None:
        if not isinstance(task_id, str):
            raise OptionError(f"the id of a task is a text, not {task_id!r}")
        self.id = task_id
        self._engine = engine

    def __repr__(self) -> str:
        return f"<AsyncResult {self.id}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AsyncResult) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def task_id(self) -> str:
        return self.id

    @property
    def state(self) -> str:
        """PENDING, PROGRESS (or the state that the task gave), SUCCESS, FAILURE or REVOKED.

        STARTED while it runs and has said nothing, where its function has ``track_started``.
        PENDING also where there is no such task, as Celery has it; the HTTP monitors answer 404.
        """
        task = self._engine.find(self.id)
        if task is not None and task.status is Status.RUNNING and task.progress is None:
            return STARTED if self._engine.options_of(task.name).track_started else PENDING
        return state_of(task)

    @property
    def status(self) -> str:
        return self.state

    @property
    def info(self) -> Mapping[str, Any] | TaskFailed:
        """What there is to say: progress or result as a mapping; for FAILURE the exception."""
        return info_of(self._engine.find(self.id))

    @property
    def result(self) -> Any:
        """What the task returned; before that its progress, and the exception if it failed."""
        task = self._engine.find(self.id)
        if task is not None and task.status is Status.SUCCEEDED:
            return result_of(task)
        return info_of(task)

    @property
    def traceback(self) -> str | None:
        task = self._engine.find(self.id)
        return task.traceback if task else None

    def ready(self) -> bool:
        """Whether the task is over, whatever it says of itself."""
        task = self._engine.find(self.id)
        return task is not None and task.status.final

    def successful(self) -> bool:
        return self._is(Status.SUCCEEDED)

    def failed(self) -> bool:
        return self._is(Status.FAILED)

    def _is(self, status: Status) -> bool:
        task = self._engine.find(self.id)
        return task is not None and task.status is status

    def revoke(self, *, terminate: bool = False) -> None:
        """Cancel the task: at once while it waits; one that runs is asked to stop.

        terminate: the process that runs it is ended instead. Nothing happens to a task that is
        over. NoSuchTaskError.
        """
        with suppress(TransitionError):
            self._engine.cancel(self.id, terminate=terminate)

    def get(self, timeout: float | None = None, *, propagate: bool = True) -> Any:
        """Wait for the result and return it.

        TaskFailed when the task failed, TaskCancelled when it was cancelled (not with
        ``propagate=False``), TimeoutError after ``timeout`` seconds, NoSuchTaskError when the row
        is not there. In a task the worker starts one more runner meanwhile; WaitRefused when too
        many of its tasks wait.
        """
        patience, task = to_patience(timeout), self._engine.find(self.id)
        if task is not None and not task.status.final:
            with self._engine.waiting():
                task = self._engine.watcher.wait(self.id, patience)
        if task is None:
            raise NoSuchTaskError(f"there is no task {self.id!r}: it never was, or was purged")
        return outcome_of(task) if propagate or task.status is Status.SUCCEEDED else info_of(task)

    def forget(self) -> None:
        """Delete the row of the task, which is over; nothing happens where there is none.

        TransitionError when it waits or runs.
        """
        forget(self._engine, self.id)


def outcome_of(task: Task) -> Any:
    """What a final task returned, or the exception that stands for how else it ended."""
    if task.status is Status.FAILED:
        raise failure_of(task)
    if task.status is Status.CANCELLED:
        raise TaskCancelled(f"task {task.id} was cancelled{_reason_of(task)}")
    return result_of(task)


def _reason_of(task: Task) -> str:
    """Why a task was cancelled, where it says more than that somebody asked for it."""
    error = read_object(task.error)
    return f": {error.get('message')}" if error.get("type") in _SAYING_WHY else ""


def state_of(task: Task | None) -> str:
    """The state in Celery's words."""
    if task is None:
        return PENDING
    if task.status in _ENDED:
        return _ENDED[task.status]
    if task.status is Status.RUNNING and task.progress is not None:
        return str(read_object(task.progress).get("state", PENDING))
    return PENDING


def info_of(task: Task | None) -> Mapping[str, Any] | TaskFailed:
    """A mapping in every state but FAILURE, so that a page may always ask it for ``current``."""
    if task is None:
        return {}
    if task.status is Status.FAILED:
        return failure_of(task)
    if task.status is Status.SUCCEEDED:
        result = result_of(task)
        return result if isinstance(result, dict) else completed(task)
    if task.status is Status.CANCELLED:
        return {"current": 0, "total": 1, "status": "Cancelled"}
    return meta_of(task) if state_of(task) != PENDING else {}


def result_of(task: Task) -> Any:
    """What the task returned."""
    return None if task.result is None else json.loads(task.result)


def meta_of(task: Task) -> dict[str, Any]:
    """The newest progress of the task, empty where it has said nothing."""
    meta = read_object(task.progress).get("meta")
    return meta if isinstance(meta, dict) else {}


def failure_of(task: Task) -> TaskFailed:
    """The exception of a failed task: a TaskFailed, and a ValueError too where it raised that."""
    error = {"type": "Exception", "message": "", **read_object(task.error)}
    return _failure_class(error["type"])(error["message"])


def completed(task: Task) -> dict[str, Any]:
    """What a page can show of a result that says nothing of a bar itself."""
    total = meta_of(task).get("total") or 1
    said = {"current": total, "total": total, "status": "Task completed!"}
    return said | {"result": result_of(task)}


@cache
def _failure_class(name: str) -> type[TaskFailed]:
    """A class that is caught as TaskFailed, and as the built-in exception of this name.

    A name from a row is only ever compared with Python's own exceptions; nothing is imported.
    """
    builtin = getattr(builtins, name, None)
    bases: tuple[type, ...] = (TaskTimeout if name == TaskTimeout.type else TaskFailed,)
    if isinstance(builtin, type) and issubclass(builtin, Exception):
        bases = (TaskFailed, builtin)
    if issubclass(bases[-1], BaseExceptionGroup):  # cannot be made without the exceptions in it
        bases = (TaskFailed,)
    # Some built-in exceptions (UnicodeDecodeError) take more than a message; ours has no more.
    own = {"type": name, "__init__": BaseException.__init__}
    return type(name.rpartition(".")[2] or "TaskFailed", bases, own)
