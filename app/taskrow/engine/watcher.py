"""One thread of a process waits for all tasks that somebody here waits for.

It sleeps on the doorbell. While commits come thick it looks at the rows only every few
milliseconds, so that a busy database costs it next to nothing; the first ring is never delayed.
"""

from __future__ import annotations

import logging
import os
import select
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from taskrow.domain.task import Task
from taskrow.engine.listening import Listener
from taskrow.errors import DatabaseError
from taskrow.storage import queries, watched
from taskrow.storage.database import Database
from taskrow.storage.doorbell import Doorbell, open_doorbell
from taskrow.storage.submit import DONE
from taskrow.storage.watched import Mark

log = logging.getLogger("taskrow.watcher")

_REST = 0.5  # seconds between tries while the database cannot be used
_PAUSE = 0.005  # seconds between two looks, at least
_SHARE = 20  # a look is followed by a pause of so many times its own length: 5 % of a core
_LONGEST_PAUSE = 0.25
_NOBODY = 1.0  # how long a ring rests unanswered while nobody waits
_UNHEARD = 0.25  # PostgreSQL rings when a task ends; other changes are looked for this often

Callback = Callable[[Task | None], None]  # None: the row is gone


@dataclass(frozen=True, eq=False)
class _Watch:
    """Somebody waits: for the end of a task, or (mark given) until it differs from that."""

    task_id: str
    callback: Callback
    mark: Mark | None = None


class Watcher:
    """Calls back when tasks end, or change."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches = _Watches()
        self._lock = threading.Lock()
        self._wake_reader, self._wake_writer = os.pipe()
        self._woken = False
        self._closing = False
        self._thread: threading.Thread | None = None

    def watch(self, task_id: str, callback: Callback) -> None:
        """Call ``callback`` with the task once it is final, from the watcher's thread."""
        self._add(_Watch(task_id, callback))

    def wait(self, task_id: str, timeout: float | None) -> Task | None:
        """Wait for a task to end. TimeoutError after ``timeout`` seconds; None: its row is gone."""
        return self._wait(task_id, None, timeout, "end")

    def wait_for_change(self, task: Task, timeout: float | None) -> Task | None:
        """Wait until the row of a task differs from ``task`` in what a client sees of it.

        That is: status, attempt, progress, a request to cancel, run_at, priority, queue. Returns
        the row as it then stands. TimeoutError after ``timeout`` seconds; None: the row is gone.
        """
        return self._wait(task.id, watched.mark_of(task), timeout, "change")

    def _wait(self, task_id: str, mark: Mark | None, timeout: float | None, what: str) -> Task | None:
        found: SimpleQueue[Task | None | DatabaseError] = SimpleQueue()
        watch = _Watch(task_id, found.put, mark)
        patience = None if timeout is None else max(0.0, min(timeout, threading.TIMEOUT_MAX))
        self._add(watch)
        try:
            task = found.get(timeout=patience)
        except Empty:
            if self._remove(watch):
                raise TimeoutError(
                    f"task {task_id} did not {what} within {timeout} seconds"
                ) from None
            task = found.get()  # it came at the same moment
        finally:
            self._remove(watch)
        if isinstance(task, DatabaseError):
            raise task
        return task
