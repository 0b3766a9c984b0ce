"""The futures that an application stores under keys of its own: Flask-Executor's ``futures``.

A key is kept in the row of its task, so every process finds it, after every restart, for as long as
the row is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from taskrow.domain.task import Status, Task
from taskrow.domain.unique import checked_key
from taskrow.engine.futures import TaskFuture
from taskrow.errors import TransitionError
from taskrow.storage.stored_keys import count_keys, find_by_key, free_key, give_key

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

_PREFIX = "executor:"
_STATES = {Status.RUNNING: "RUNNING", Status.CANCELLED: "CANCELLED_AND_NOTIFIED"}
_FINISHED = (Status.SUCCEEDED, Status.FAILED)


def stored_key(key: str) -> str:
    """The key as the row holds it. OptionError when it is no text."""
    return _PREFIX + checked_key("the key of a future", key)


def taken(key: str) -> ValueError:
    """What a second task under one key is answered with."""
    return ValueError(f"there is a future under the key {key!r} already: pop it first")


class StoredFutures:
    """Futures by key. What is asked of a key that nobody holds is answered with None."""

    def __init__(self, find_engine: Callable[[], QueueEngine]) -> None:
        self._find_engine = find_engine

    def __contains__(self, key: str) -> bool:
        return self._find(key) is not None

    def __len__(self) -> int:
        """How many are stored."""
        with self._find_engine().database.read() as connection:
            return count_keys(connection, _PREFIX)

    def add(self, key: str, future: TaskFuture) -> None:
        """Store a future. ValueError: the key is taken; TransitionError: its task is over.

        A task may be over before it is added: ``submit_stored`` gives it the key at once.
        """
        kept, write = stored_key(key), self._find_engine().database.write
        try:
            added = write(lambda connection: give_key(connection, future.task_id, kept))
        except IntegrityError:
            raise taken(key) from None
        if not added:
            raise TransitionError(
                f"task {future.task_id} is over, so it takes no key: submit it with submit_stored"
            )

    def get(self, key: str) -> TaskFuture | None:
        """The future under a key, which stays there."""
        return self._future_of(self._find(key))

    def pop(self, key: str) -> TaskFuture | None:
        """The future under a key, which is free from now on.

        The row of a task that is over is deleted with it: this future has its outcome.
        """
        kept, write = stored_key(key), self._find_engine().database.write
        return self._future_of(write(lambda connection: free_key(connection, kept)))

    def done(self, key: str) -> bool | None:
        """Whether the task has succeeded, failed or been cancelled."""
        task = self._find(key)
        return None if task is None else task.status.final

    def running(self, key: str) -> bool | None:
        """Whether a worker runs the task now."""
        return self._is(key, Status.RUNNING)

    def cancelled(self, key: str) -> bool | None:
        """Whether the task was cancelled."""
        return self._is(key, Status.CANCELLED)

    def cancel(self, key: str) -> bool | None:
        """Cancel the task if it still waits."""
        future = self.get(key)
        return None if future is None else future.cancel()

    def exception(self, key: str, timeout: float | None = None) -> BaseException | None:
        """Wait for the task to end, and the exception that it ended with."""
        future = self.get(key)
        return None if future is None else future.exception(timeout)

    def result(self, key: str, timeout: float | None = None) -> object:
        """Wait for the task to end, and its result; its exception is raised."""
        future = self.get(key)
        return None if future is None else future.result(timeout)

    def _state(self, key: str) -> str | None:
        """The standard library's word for where the future stands; Flask-Executor's own docs ask
        for it by this name."""
        task = self._find(key)
        if task is None:
            return None
        return "FINISHED" if task.status in _FINISHED else _STATES.get(task.status, "PENDING")

    def _is(self, key: str, status: Status) -> bool | None:
        task = self._find(key)
        return None if task is None else task.status is status

    def _find(self, key: str) -> Task | None:
        with self._find_engine().database.read() as connection:
            return find_by_key(connection, stored_key(key))

    def _future_of(self, task: Task | None) -> TaskFuture | None:
        return None if task is None else TaskFuture(task.id, self._find_engine(), task)
