"""Group commit: of several threads that write, the first in line commits for all that wait.

One fsync then serves them all. Each piece of work stands in a savepoint of its own, so one that
fails takes nothing with it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]

_MOST_TOGETHER = 200


class _Entry(Generic[T]):
    """One thread's work and what came of it."""

    def __init__(self, work: Work[T]) -> None:
        self._work = work
        self._result: T
        self.error: BaseException | None = None
        self.settled = False

    def run(self, connection: Connection) -> None:
        self._result = self._work(connection)

    def run_apart(self, connection: Connection) -> None:
        try:
            with connection.begin_nested():
                self.run(connection)
        except Exception as error:  # noqa: BLE001 - it belongs to the thread that brought the work
            self.error = error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self._result


class GroupCommit:
    """Runs work in write transactions that ``begin`` opens: one for all the work that waits."""

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._waiting: deque[_Entry[object]] = deque()
        self._turn = threading.Lock()

    def run(self, work: Work[T]) -> T:
        """Run ``work``; return its result after the commit, or raise its error or the commit's."""
        entry = _Entry(work)
        self._waiting.append(entry)  # type: ignore[arg-type]
        while not entry.settled:
            with self._turn:
                if not entry.settled:
                    self._commit_waiting()
        return entry.outcome()

    def _commit_waiting(self) -> None:
        entries = [self._waiting.popleft() for _ in range(min(len(self._waiting), _MOST_TOGETHER))]
        try:
            self._commit(entries)
        except BaseException as error:  # noqa: BLE001 - each thread is told that its commit failed
            for entry in entries:
                entry.error = entry.error or error
        for entry in entries:
            entry.settled = True

    def _commit(self, entries: list[_Entry[object]]) -> None:
        with self._begin() as connection:
            if len(entries) == 1:
                entries[0].run(connection)
            else:
                for entry in entries:
                    entry.run_apart(connection)
