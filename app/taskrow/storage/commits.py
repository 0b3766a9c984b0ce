"""Group commit: of several threads that write, the first in line commits for all that wait.

One fsync then serves them all. Pieces of work share a transaction, but not their fate: when one
fails, nothing of the transaction stays, and each is run again in a transaction of its own. From the
COMMIT on they share what becomes of it: what may stand is never written again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from taskrow.errors import DatabaseBusyError

T = TypeVar("T")
Work = Callable[[Connection], T]

_MOST_TOGETHER = 200


class Transactor(Protocol):
    """Who runs work in a write transaction, for one thread at a time."""

    may_stand: bool  # whether the COMMIT of the last transaction was sent, whatever came of it

    def transact(self, work: Work[T]) -> T:
        """Run it and commit; raises the error of the work, or of the commit."""


class _Entry(Generic[T]):
    """One thread's work and what came of it."""

    def __init__(self, work: Work[T], *, alone: bool = False) -> None:
        self.work, self.alone = work, alone
        self._result: T
        self._done = False
        self._error: Exception | None = None
        self.leads = self.settled = False
        self._sleep = threading.Lock()
        self._sleep.acquire()

    def succeed(self, result: T) -> None:
        self._result, self._done = result, True

    def fail(self, error: Exception) -> None:
        self._error = error

    def wait(self) -> None:
        """Sleep until this work is settled, or its thread is the one to commit."""
        self._sleep.acquire()

    def lead(self) -> None:
        """Its thread commits next."""
        self.leads = True
        self._sleep.release()

    def settle(self) -> None:
        """The work is committed, or will not be."""
        self.settled = True
        if not self.leads:
            self._sleep.release()

    def outcome(self) -> T:
        if self._error is not None:
            raise self._error
        if not self._done:
            raise DatabaseBusyError("the commit was interrupted: try again")
        return self._result


class GroupCommit:
    """Runs work in the write transactions of a ``Transactor``: one for all the work that waits.

    Work may be run twice (the first time undone), so it changes nothing but the rows. What must not
    be is run alone.
    """

    def __init__(self, transactor: Transactor) -> None:
        self._transactor = transactor
        self._turn = threading.Lock()  # whoever holds it commits
        self._line: deque[_Entry[Any]] = deque()
        self._changing = threading.Lock()  # nobody leaves the line while a leader is taken from it

    def run(self, work: Work[T]) -> T:
        """Run ``work``; return its result after the commit, or raise its error or the commit's."""
        if self._line or not self._turn.acquire(blocking=False):
            return self._run_in_line(_Entry(work))
        try:
            return self._transactor.transact(work)
        finally:
            self._pass_on()

    def run_alone(self, work: Work[T]) -> T:
        """Like :meth:`run`, but once, in this thread and in a transaction that nobody shares."""
        return self._run_in_line(_Entry(work, alone=True))

    def _run_in_line(self, entry: _Entry[T]) -> T:
        self._line.append(entry)
        self._give_turn()  # whoever had it may have left before we came
        try:
            entry.wait()
        except BaseException:  # a signal's exception: nobody may wait for this thread
            self._leave(entry)
            raise
        if not entry.settled:
            self._lead()
        return entry.outcome()

    def _give_turn(self) -> None:
        """The first in line commits next, unless somebody commits now, who sees the line then."""
        while self._line and self._turn.acquire(blocking=False):
            with self._changing:
                if self._line:
                    self._line[0].lead()
                    return
            self._turn.release()  # the last one has just left

    def _pass_on(self) -> None:
        self._turn.release()
        self._give_turn()

    def _leave(self, entry: _Entry[Any]) -> None:
        with self._changing:
            if entry in self._line:
                self._line.remove(entry)
        if entry.leads and not entry.settled:
            self._pass_on()

    def _lead(self) -> None:
        """Commit for the line, name the next leader, and wake everybody that was served."""
        served = self._take_together()
        try:
            self._commit(served)
        finally:
            self._pass_on()
            for entry in served:
                entry.settle()

    def _take_together(self) -> list[_Entry[Any]]:
        """Those at the head of the line that share a transaction."""
        with self._changing:
            served = [self._line.popleft()]
            while self._line and len(served) < _MOST_TOGETHER:
                if served[0].alone or self._line[0].alone:
                    break
                served.append(self._line.popleft())
        return served

    def _commit(self, entries: list[_Entry[Any]]) -> None:
        begun = False

        def run_all(connection: Connection) -> list[Any]:
            nonlocal begun
            begun = True
            return [entry.work(connection) for entry in entries]

        try:
            results = self._transactor.transact(run_all)
        except Exception as error:  # noqa: BLE001 - it belongs to those that brought the work
            # Whose fault it was shows when each runs alone; where no turn was to be had it was
            # nobody's, and to wait for one again for each would take for ever. After the COMMIT it
            # was nobody's either, and each would find its own row there and call it another's.
            alone = begun and not self._transactor.may_stand and len(entries) > 1
            for entry in entries:
                self._commit([entry]) if alone else entry.fail(error)
        else:
            for entry, result in zip(entries, results, strict=True):
                entry.succeed(result)
