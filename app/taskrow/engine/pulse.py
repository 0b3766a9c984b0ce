"""Heartbeats of tasks that run in this process itself, from a thread that lives while any does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from taskrow.errors import DatabaseError


class Pulse:
    """Calls ``beat`` each ``heartbeat`` seconds, as long as anybody is within :meth:`kept`."""

    def __init__(self, beat: Callable[[], object], heartbeat: float) -> None:
        self._beat, self._heartbeat = beat, heartbeat
        self._lock, self._inside = threading.Lock(), 0
        self._thread: threading.Thread | None = None
        self._over = threading.Event()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep it up meanwhile; several threads may, and a task that runs another one."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._lock:
            self._inside += 1
            if self._thread is not None:
                return
            self._over = over = threading.Event()
            self._thread = threading.Thread(
                target=self._keep_up, args=(over,), name="taskrow-pulse", daemon=True
            )
            with suppress(RuntimeError):  # at the end of a process no thread can be started
                self._thread.start()

    def _leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            thread, self._thread = self._thread, None
            self._over.set()
        if thread is not None and thread.ident is not None:
            thread.join()

    def _keep_up(self, over: threading.Event) -> None:
        while not over.wait(self._heartbeat):
            with suppress(DatabaseError):  # the next one may be written
                self._beat()
