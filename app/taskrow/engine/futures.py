"""``TaskFuture``: a ``concurrent.futures.Future`` whose outcome is in a row."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from taskrow.domain.task import Status, Task
from taskrow.engine.result import failure_of, result_of
from taskrow.errors import NoSuchTaskError, TransitionError

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

log = logging.getLogger("concurrent.futures")  # where the standard library tells of callbacks


class TaskFuture(Future[Any]):
    """The future of one task; ``task_id`` finds it again from anywhere.

    ``task``: its row, where somebody has just read it; then one that is over is done at once.
    """

    def __init__(self, task_id: str, engine: QueueEngine, task: Task | None = None) -> None:
        super().__init__()
        self.task_id = task_id
        self._engine = engine
        self._settling = threading.RLock()  # a callback may cancel the future that calls it
        if task is not None and task.status.final:
            self._settle(task)
        else:
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
        """The watcher's call: the task is over. Whatever a callback raises stays here."""
        try:
            self._take_outcome(task)
        except BaseException:  # SystemExit, say: other futures wait for the same thread
            log.exception("a callback of the future of task %s went wrong", self.task_id)

    def _take_outcome(self, task: Task | None) -> None:
        if task is not None and task.status is Status.CANCELLED:
            self._note_cancelled()
            return
        with self._settling:
            if self.done():
                return
            if task is None:
                self.set_exception(NoSuchTaskError(f"task {self.task_id} has been purged"))
            elif task.status is Status.FAILED:
                self.set_exception(failure_of(task))
            else:
                self.set_result(result_of(task))
