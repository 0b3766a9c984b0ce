"""A task that waits for another one tells its supervisor, which starts one more runner meanwhile.

Else a worker whose only runner waits for a child would wait for ever. This is the runner's half;
the supervisor's is in engine/spares.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from taskrow.engine.messages import GOES_ON, WAITS, Assignment, Report
from taskrow.errors import WaitRefused
from taskrow.storage.claims import Attempt

_REFUSED = (
    "the task may not wait for another: too many tasks of this worker wait already; "
    "start it with more --runners, or let one task submit the next instead of waiting for it"
)
_current: ContextVar[Assignment | None] = ContextVar("taskrow_waiting_task", default=None)


class Waiting:
    """What the running tasks wait for. ``say`` sends a report to the supervisor."""

    def __init__(self, say: Callable[[Report], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._running: dict[Attempt, Assignment] = {}
        self._waiters: dict[Attempt, int] = {}  # how many threads of a task wait
        self._answers: dict[Attempt, bool] = {}
        self._has_answer = threading.Condition(self._lock)

    def begin(self, assignment: Assignment) -> None:
        """From now on waits in this context are this assignment's."""
        self._running[assignment.which] = assignment
        _current.set(assignment)

    def end(self, assignment: Assignment) -> None:
        """It is over; a thread of it may still wait, for itself."""
        del self._running[assignment.which]
        if assignment.which in self._waiters:
            with self._lock:
                self._waiters.pop(assignment.which, None)
                self._answers.pop(assignment.which, None)
                self._has_answer.notify_all()

    @contextmanager
    def wait(self) -> Iterator[None]:
        """The block waits for another task. WaitRefused when the supervisor cannot have that."""
        running = self._ask()
        if running is None:  # a thread that outlived its task, or could be any task's
            yield
            return
        try:
            self._await_answer(running)
            yield
        finally:
            self._go_on(running)

    def _ask(self) -> Assignment | None:
        """Tell of the first thread of a task that waits; returns whose thread this is."""
        with self._lock:
            running = self._find()
            if running is None:
                return None
            self._waiters[running.which] = self._waiters.get(running.which, 0) + 1
            if self._waiters[running.which] == 1:
                self._tell(WAITS, running)
            return running

    def _find(self) -> Assignment | None:
        """Whose thread this is: by its context; a thread that has none is the only task's."""
        mine, running = _current.get(), list(self._running.values())
        if mine is None:
            return running[0] if len(running) == 1 else None
        return mine if self._runs(mine) else None

    def _runs(self, assignment: Assignment) -> bool:
        return self._running.get(assignment.which) is assignment

    def _await_answer(self, running: Assignment) -> None:
        with self._lock:
            while self._runs(running) and running.which not in self._answers:
                self._has_answer.wait()
            if not self._answers.get(running.which, True):
                raise WaitRefused(_REFUSED)

    def _go_on(self, running: Assignment) -> None:
        with self._lock:
            if not self._runs(running):
                return
            self._waiters[running.which] -= 1
            if not self._waiters[running.which]:
                del self._waiters[running.which]
                self._answers.pop(running.which, None)
                self._tell(GOES_ON, running)

    def _tell(self, kind: str, running: Assignment) -> None:
        self._say(Report(kind, running.seq, running.attempt))

    def answered(self, which: Attempt, *, granted: bool) -> None:
        """The control thread has heard the supervisor's answer."""
        with self._lock:
            if which in self._waiters:  # else it has gone on, or ended, meanwhile
                self._answers[which] = granted
            self._has_answer.notify_all()
