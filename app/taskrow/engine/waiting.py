"""A task that waits for another one tells its supervisor, which starts one more runner meanwhile.

Else a worker whose only runner waits for a child would wait for ever. This is the runner's half;
the supervisor's is in engine/crew.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from taskrow.engine.messages import GOES_ON, WAITS, Assignment, Report
from taskrow.errors import WaitRefused

_REFUSED = (
    "the task may not wait for another: too many tasks of this worker wait already; "
    "start it with more --runners, or let one task submit the next instead of waiting for it"
)


class Waiting:
    """What the running task waits for. ``say`` sends a report to the supervisor."""

    def __init__(self, say: Callable[[Report], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._running: Assignment | None = None
        self._waiters = 0  # threads of the task
        self._answers: dict[int, bool] = {}
        self._has_answer = threading.Condition(self._lock)

    def begin(self, assignment: Assignment) -> None:
        """From now on waits are this assignment's."""
        self._running = assignment

    def end(self) -> None:
        """It is over; a thread of it may still wait, for itself."""
        self._running = None
        if self._waiters:
            with self._lock:
                self._waiters = 0
                self._answers.clear()
                self._has_answer.notify_all()

    @contextmanager
    def wait(self) -> Iterator[None]:
        """The block waits for another task. WaitRefused when the supervisor cannot have that."""
        with self._lock:
            running = self._running
            self._waiters += running is not None
        if running is None:  # a thread that outlived its task
            yield
            return
        try:
            self._ask(running)
            yield
        finally:
            self._go_on(running)

    def _ask(self, running: Assignment) -> None:
        with self._lock:
            if running.seq not in self._answers and self._waiters == 1:
                self._tell(WAITS, running)
            while running is self._running and running.seq not in self._answers:
                self._has_answer.wait()
            if not self._answers.get(running.seq, True):
                raise WaitRefused(_REFUSED)

    def _go_on(self, running: Assignment) -> None:
        with self._lock:
            if running is not self._running:
                return
            self._waiters -= 1
            if not self._waiters:
                self._answers.pop(running.seq, None)
                self._tell(GOES_ON, running)

    def _tell(self, kind: str, running: Assignment) -> None:
        self._say(Report(kind, running.seq, running.attempt))

    def answered(self, seq: int, *, granted: bool) -> None:
        """The control thread has heard the supervisor's answer."""
        with self._lock:
            self._answers[seq] = granted
            self._has_answer.notify_all()
