"""One thread of a process waits for the end of all tasks that somebody here waits for.

It sleeps on the doorbell and reads the rows of all waiters in one query.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

from taskrow.domain.task import Task
from taskrow.engine.listening import Listener
from taskrow.errors import DatabaseError
from taskrow.storage import queries
from taskrow.storage.database import Database
from taskrow.storage.doorbell import Doorbell, open_doorbell
from taskrow.storage.submit import DONE

_REST = 0.5  # seconds between tries while the database cannot be used

Callback = Callable[[Task | None], None]  # None: the row is gone


class Watcher:
    """Calls back when tasks end."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._callbacks: dict[str, list[Callback]] = defaultdict(list)
        self._lock = threading.Lock()
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        self._closing = False
        self._thread: threading.Thread | None = None

    def watch(self, task_id: str, callback: Callback) -> None:
        """Call ``callback`` with the task once it is final, from the watcher's thread."""
        with self._lock:
            self._callbacks[task_id].append(callback)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="taskrow-watcher", daemon=True
                )
                self._thread.start()
        self._wake()

    def wait(self, task_id: str, timeout: float | None) -> Task | None:
        """Wait for a task to end. TimeoutError after ``timeout`` seconds; None: its row is gone."""
        ended = threading.Event()
        found: list[Task | None] = []

        def keep(task: Task | None) -> None:
            found.append(task)
            ended.set()

        self.watch(task_id, keep)
        if not ended.wait(timeout):
            self._forget(task_id, keep)
            raise TimeoutError(f"task {task_id} did not end within {timeout} seconds")
        return found[0]

    def close(self) -> None:
        """Stop the thread."""
        self._closing = True
        self._wake()
        if self._thread is not None:
            self._thread.join()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def _forget(self, task_id: str, callback: Callback) -> None:
        with self._lock, suppress(ValueError, KeyError):
            self._callbacks[task_id].remove(callback)
            if not self._callbacks[task_id]:
                del self._callbacks[task_id]

    def _wake(self) -> None:
        os.write(self._wake_writer, b"!")

    def _run(self) -> None:
        bell = self._open_bell()
        if bell is None:
            return
        listener = Listener(bell)
        try:
            while not self._closing:
                self._sleep(listener)
                if listener.is_due(time.monotonic()):
                    self._look(listener)
        finally:
            bell.close()

    def _open_bell(self) -> Doorbell | None:
        """The bell, as soon as the database can be used; None when there is no more need of it."""
        while not self._closing:
            with suppress(DatabaseError):
                return open_doorbell(self._database, DONE)
            time.sleep(_REST)
        return None

    def _sleep(self, listener: Listener) -> None:
        files = [self._wake_reader]
        files += [listener.bell.fileno] if listener.bell.fileno is not None else []
        timeout = listener.timeout(time.monotonic()) if self._callbacks else None
        if self._wake_reader in select.select(files, [], [], timeout)[0]:
            os.read(self._wake_reader, 4096)
            listener.look_at_once(time.monotonic())

    def _look(self, listener: Listener) -> None:
        with self._lock:
            waiting = list(self._callbacks)
        try:
            ended = self._find_ended(waiting)
        except DatabaseError:  # it may come back; whoever waits has a timeout of their own
            ended = {}
        for task_id, task in ended.items():
            with self._lock:
                callbacks = self._callbacks.pop(task_id, [])
            for callback in callbacks:
                callback(task)
        if not ended:
            listener.found_nothing(time.monotonic())

    def _find_ended(self, waiting: list[str]) -> dict[str, Task | None]:
        if not waiting:
            return {}
        with self._database.read() as connection:
            found = queries.find_many(connection, waiting)
        gone: dict[str, Task | None] = dict.fromkeys(set(waiting) - {task.id for task in found})
        return gone | {task.id: task for task in found if task.status.final}
