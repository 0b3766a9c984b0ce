"""The runner's half of waiting: whose thread waits, and who is told."""

from __future__ import annotations

import contextvars
import threading
from queue import Empty, SimpleQueue

import pytest

from taskrow.engine.messages import GOES_ON, WAITS, Assignment, Report
from taskrow.engine.waiting import Waiting
from taskrow.errors import WaitRefused

ONE, TWO = Assignment(1, 1, "{}"), Assignment(2, 1, "{}")


class Said:
    """What a runner says, and a supervisor that answers."""

    def __init__(self, *, granted: bool | None = True) -> None:
        self.reports: SimpleQueue[Report] = SimpleQueue()
        self.granted = granted
        self.waiting = Waiting(self.reports.put)

    def next(self) -> tuple[str, int]:
        report = self.reports.get(timeout=30)
        if report.kind == WAITS and self.granted is not None:
            self.waiting.answered((report.seq, report.attempt), granted=self.granted)
        return report.kind, report.seq

    def is_silent(self) -> bool:
        try:
            self.reports.get_nowait()
        except Empty:
            return True
        return False


def begun(said: Said, assignment: Assignment) -> contextvars.Context:
    context = contextvars.copy_context()
    context.run(said.waiting.begin, assignment)
    return context


class Waiter:
    """A thread that waits until it is let go."""

    def __init__(self, said: Said, context: contextvars.Context | None = None) -> None:
        self._said = said
        self.waits, self._go, self.error = threading.Event(), threading.Event(), ""
        context = context or contextvars.Context()
        self._thread = threading.Thread(target=context.run, args=[self._wait])
        self._thread.start()

    def _wait(self) -> None:
        try:
            with self._said.waiting.wait():
                self.waits.set()
                self._go.wait(30)
        except WaitRefused as error:
            self.error = str(error)

    def end(self) -> None:
        self._go.set()
        self._thread.join()


def test_each_task_asks_and_goes_on_for_itself() -> None:
    said = Said()
    first, second = (Waiter(said, begun(said, each)) for each in (ONE, TWO))
    assert {said.next(), said.next()} == {(WAITS, 1), (WAITS, 2)}
    assert first.waits.wait(30)
    assert second.waits.wait(30)
    second.end()
    assert said.next() == (GOES_ON, 2)
    first.end()
    assert said.next() == (GOES_ON, 1)


def test_of_several_threads_of_a_task_the_first_asks_and_the_last_goes_on() -> None:
    said = Said(granted=None)
    context = begun(said, ONE)
    waiters = [Waiter(said, context.copy()) for _ in range(5)]
    assert said.next() == (WAITS, 1)
    said.waiting.answered(ONE.which, granted=True)
    assert all(waiter.waits.wait(30) for waiter in waiters)
    assert said.is_silent()
    for waiter in waiters:
        waiter.end()
    assert said.next() == (GOES_ON, 1)
    assert said.is_silent()


def test_a_thread_without_a_context_is_the_only_tasks_or_nobodys() -> None:
    said = Said()
    begun(said, ONE)
    alone = Waiter(said)
    assert said.next() == (WAITS, 1)
    alone.end()
    assert said.next() == (GOES_ON, 1)
    begun(said, TWO)
    anybody = Waiter(said)
    assert anybody.waits.wait(30)
    anybody.end()
    assert said.is_silent()


def test_a_thread_that_outlives_its_task_waits_for_itself() -> None:
    said = Said(granted=None)
    waiter = Waiter(said, begun(said, ONE))
    assert said.next() == (WAITS, 1)
    said.waiting.end(ONE)
    assert waiter.waits.wait(30)
    said.waiting.answered(ONE.which, granted=False)  # too late, and nobody's
    waiter.end()
    context = begun(said, ONE)
    again = Waiter(said, context)
    assert said.next() == (WAITS, 1)
    said.waiting.answered(ONE.which, granted=True)
    assert again.waits.wait(30)
    again.end()


@pytest.mark.parametrize("refused", [1, 2])
def test_who_is_refused_is_told_so(refused: int) -> None:
    said = Said(granted=False)
    for _ in range(refused):
        waiter = Waiter(said, begun(said, ONE))
        assert said.next() == (WAITS, 1)
        waiter.end()
        assert "may not wait for another" in waiter.error
        assert said.next() == (GOES_ON, 1)
