"""Group commit: of several threads that write, the first in line commits for all that wait.

One fsync then serves them all. Pieces of work share a transaction, but not their fate: when one
fails, nothing of the transaction stays, and each is run again in a transaction of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from sqlalchemy import Connection

from taskrow.errors import DatabaseBusyError

T = TypeVar("T")
Work = Callable[[Connection], T]
Begin = Callable[[], AbstractContextManager[Connection]]

_MOST_TOGETHER = 200


class _Entry(Generic[T]):
    """One thread's work and what came of it."""

    def __init__(self, work: Work[T], *, alone: bool = False) -> None:
        self._work, self.alone = work, alone
        self._result: T
        self._done = False
        self._error: Exception | None = None
        self.leads = self.settled = False
        self._sleep = threading.Lock()
        self._sleep.acquire()

    def run(self, connection: Connection) -> None:
        self._result = self._work(connection)

    def succeed(self) -> None:
        self._done = True

    def fail(self, error: Exception) -> None:
        self._error = error

    def wait(self) -> None:
        """Sleep until this work is settled, or its thread is the one to commit."""
        self._sleep.acquire()

    def wake(self) -> None:
        self._sleep.release()

    def settle(self) -> None:
        """The work is committed, or will not be."""
        self.settled = True
        if not self.leads:
            self.wake()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        if not self._done:
            raise DatabaseBusyError("the commit was interrupted: try again")
        return self._result


class GroupCommit:
    """Runs work in write transactions that ``begin`` opens: one for all the work that waits.

    Work may be run twice (the first time undone), so it changes nothing but the rows. What must not
    be is run alone.
    """

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._line: deque[_Entry[object]] = deque()
        self._lock = threading.Lock()
        self._is_led = False

    def run(self, work: Work[T]) -> T:
        """Run ``work``; return its result after the commit, or raise its error or the commit's."""
        return self._run(_Entry(work))

    def run_alone(self, work: Work[T]) -> T:
        """Like :meth:`run`, but once, in this thread and in a transaction that nobody shares."""
        return self._run(_Entry(work, alone=True))

    def _run(self, entry: _Entry[T]) -> T:
        self._stand_in_line(entry)  # type: ignore[arg-type]
        try:
            entry.wait()
        except BaseException:  # a signal's exception: nobody may wait for this thread
            self._leave(entry)  # type: ignore[arg-type]
            raise
        if not entry.settled:
            self._lead()
        return entry.outcome()

    def _stand_in_line(self, entry: _Entry[object]) -> None:
        with self._lock:
            self._line.append(entry)
            if not self._is_led:
                self._name_leader()

    def _leave(self, entry: _Entry[object]) -> None:
        with self._lock:
            led = entry.leads and not entry.settled
            if entry in self._line:
                self._line.remove(entry)
            if led:
                self._name_leader()

    def _name_leader(self) -> None:
        """The first in line commits next."""
        self._is_led = bool(self._line)
        if self._line:
            self._line[0].leads = True
            self._line[0].wake()

    def _lead(self) -> None:
        """Commit for the line, wake everybody that was served, and name the next leader."""
        with self._lock:
            served = self._take_together()
        try:
            self._commit(served)
        finally:
            for entry in served:
                entry.settle()
            with self._lock:
                self._name_leader()

    def _take_together(self) -> list[_Entry[object]]:
        """Those at the head of the line that share a transaction."""
        served = [self._line.popleft()]
        while self._line and len(served) < _MOST_TOGETHER:
            if served[0].alone or self._line[0].alone:
                break
            served.append(self._line.popleft())
        return served

    def _commit(self, entries: list[_Entry[object]]) -> None:
        begun = False
        try:
            with self._begin() as connection:
                begun = True
                for entry in entries:
                    entry.run(connection)
        except Exception as error:  # noqa: BLE001 - it belongs to those that brought the work
            # Whose fault it was shows when each runs alone; where no turn was to be had it was
            # nobody's, and to wait for one again for each would take for ever.
            alone = begun and len(entries) > 1
            for entry in entries:
                self._commit([entry]) if alone else entry.fail(error)
        else:
            for entry in entries:
                entry.succeed()
