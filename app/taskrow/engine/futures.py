"""A ``concurrent.futures.Executor`` whose work is rows: it survives what the threads would not."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from taskrow.domain.task import Status, Task
from taskrow.engine.functions import TaskFunction
from taskrow.engine.result import failure_of, result_of
from taskrow.errors import NoSuchTaskError, NotATaskError, TransitionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


class TaskFuture(Future[Any]):
    """The future of one task; ``task_id`` finds it again from anywhere."""

    def __init__(self, task_id: str, engine: QueueEngine) -> None:
        super().__init__()
        self.task_id = task_id
        self._engine = engine
        self._settling = threading.RLock()  # a callback may cancel the future that calls it
        engine.watcher.watch(task_id, self._settle)

    def running(self) -> bool:
        """Whether a worker runs the task now."""
        if self.done():
            return False
        task = self._engine.find(self.task_id)
        return task is not None and task.status is Status.RUNNING

    def cancel(self) -> bool:
        """Cancel the task if it still waits. False when it runs or is over, as with threads."""
        if not self.done():
            try:
                self._engine.cancel(self.task_id, ask_running=False)
            except (TransitionError, NoSuchTaskError):
                return self.cancelled()
        return self._note_cancelled()

    def result(self, timeout: float | None = None) -> Any:
        """What the task returned; as with threads. In a task see AsyncResult.get()."""
        with self._engine.waiting() if not self.done() else nullcontext():
            return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the task raised; as with threads."""
        with self._engine.waiting() if not self.done() else nullcontext():
            return super().exception(timeout)

    def _note_cancelled(self) -> bool:
        """Both a caller of cancel and the watcher come here, in any order."""
        with self._settling:
            first = not self.done()
            cancelled = super().cancel()
            if first and cancelled:
                self.set_running_or_notify_cancel()
            return cancelled

    def _settle(self, task: Task | None) -> None:
        """The watcher's call: the task is over."""
        if task is not None and task.status is Status.CANCELLED:
            self._note_cancelled()
            return
        with self._settling:
            if task is None:
                self.set_exception(NoSuchTaskError(f"task {self.task_id} has been purged"))
            elif task.status is Status.FAILED:
                self.set_exception(failure_of(task))
            else:
                self.set_result(result_of(task))


class QueueExecutor(Executor):
    """``submit``, ``map`` and ``shutdown`` over the queue. A task outlives executor and process."""

    def __init__(self) -> None:
        self._open = True
        self._futures: weakref.WeakSet[TaskFuture] = weakref.WeakSet()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> TaskFuture:
        """Submit a call of a task function. NotATaskError for any other function."""
        if not self._open:
            raise RuntimeError("cannot submit after shutdown")
        if not isinstance(fn, TaskFunction):
            name = getattr(fn, "__qualname__", repr(fn))
            raise NotATaskError(
                f"{name} is not a task function, so a worker could not find it: "
                "put @queue.task above its definition"
            )
        # A future is waited for; what an open transaction holds would not come to an end.
        result = fn.apply_async(args, kwargs, session=False)
        future = TaskFuture(result.id, fn.engine)
        self._futures.add(future)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more; wait for what was submitted here, or cancel what has not started."""
        self._open = False
        futures = list(self._futures)
        if cancel_futures:
            for future in futures:
                future.cancel()
        if wait:
            _wait_for(futures)


def _wait_for(futures: list[TaskFuture]) -> None:
    wait(futures)
