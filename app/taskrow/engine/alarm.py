"""The soft timeout of a task: SoftTimeout is raised in it, so that it can clean up and end.

By SIGALRM where a task runs in the main thread of a system that has it; elsewhere the task hears it
at its next update_state.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from taskrow.engine.context import Line, Work
from taskrow.errors import SoftTimeout


class SoftLimit:
    """Raises SoftTimeout once in the block, after ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._thread = threading.get_ident()
        self._by_signal = hasattr(signal, "setitimer") and (
            threading.current_thread() is threading.main_thread()
        )
        self._spent = False  # it was raised, or the block is over
        self._held = self._rang = False

    def __enter__(self) -> SoftLimit:
        self._deadline = time.monotonic() + self._seconds
        if self._by_signal:
            self._before = signal.signal(signal.SIGALRM, self._ring)
            self._timer_before = signal.setitimer(signal.ITIMER_REAL, self._seconds)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._spent = True  # an alarm that is on its way finds nobody
        if self._by_signal:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self._before)
            self._wind_up_again(*self._timer_before)

    def _wind_up_again(self, left: float, interval: float) -> None:
        """Whoever had set the alarm before (a test runner, say) still waits for it."""
        if left:
            passed = time.monotonic() - (self._deadline - self._seconds)
            signal.setitimer(signal.ITIMER_REAL, max(0.001, left - passed), interval)

    def guard(self, line: Line) -> Line:
        """A task's line, on which nothing is cut off in the middle."""
        return _GuardedLine(line, self)

    def committing(self, commit: Callable[..., None]) -> Callable[..., None]:
        """``commit``, in which the alarm interrupts the user's work alone."""

        def whole(work: Callable[..., object], *more: Any) -> None:
            if threading.get_ident() != self._thread:
                commit(work, *more)
                return
            self._held = True
            try:
                commit(lambda session: self._let_in(work, session), *more)
            except BaseException:
                self._held = False
                if self._rang:
                    self._raise()
                raise
            self._held, self._spent = False, True  # the task is over: too late for the alarm

        return whole

    def _let_in(self, work: Callable[..., object], *args: Any) -> object:
        self._held = False
        try:
            if self._rang:
                self._raise()
            return work(*args)
        finally:
            self._held = True

    def reporting(self, report: Callable[[str], None]) -> Callable[[str], None]:
        """``report``, never cut off in the middle of a line."""

        def whole(progress: str) -> None:
            if threading.get_ident() != self._thread:  # the alarm does not ring there
                report(progress)
                return
            self._held = True
            try:
                report(progress)
            finally:
                self._held = False
            if self._rang:
                self._raise()

        return whole

    def checking(self, check: Callable[[], None]) -> Callable[[], None]:
        """``check``, that looks at the clock too where no alarm can ring."""

        def both() -> None:
            check()
            if not self._by_signal and time.monotonic() >= self._deadline:
                self._raise()

        return both

    def _ring(self, *_: object) -> None:
        self._rang = True
        if not self._held:
            self._raise()

    def _raise(self) -> None:
        if not self._spent:
            self._spent = True
            raise SoftTimeout(f"it has run longer than its soft_timeout of {self._seconds:g} s")


class _GuardedLine(Line):
    """Another line, on which nothing is cut off in the middle."""

    __slots__ = ("_check", "_commit", "_line", "_report")

    def __init__(self, line: Line, limit: SoftLimit) -> None:
        self._line = line
        self._report = limit.reporting(line.report)
        self._check = limit.checking(line.check)
        self._commit = limit.committing(line.commit)

    def report(self, progress: str) -> None:
        self._report(progress)

    def check(self) -> None:
        self._check()

    def asked(self) -> bool:
        return self._line.asked()

    def commit(self, work: Work, result: Any, progress: str | None) -> None:
        self._commit(work, result, progress)

    def check_session(self, session: Any) -> None:
        self._line.check_session(session)
