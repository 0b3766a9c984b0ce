"""Who waits for which task in this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from taskrow.domain.task import Task
from taskrow.errors import DatabaseError
from taskrow.storage.watched import Mark

Callback = Callable[[Task | None], None]  # None: the row is gone


def _nobody(_: DatabaseError) -> None:
    """For who does not want to hear that there will be no call."""


@dataclass(frozen=True, eq=False)
class Watch:
    """Somebody waits: for the end of a task, or (mark given) until its row differs from that.

    in_vain: called instead of ``callback`` when the watcher is closed before.
    """

    task_id: str
    callback: Callback
    mark: Mark | None = None
    in_vain: Callable[[DatabaseError], None] = _nobody


class Watches:
    """All watches of a process. Safe to share between threads; a forgotten one leaves no trace."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, set[Watch]] = {}
        self._changes: dict[str, set[Watch]] = {}
        self._fresh: set[Watch] = set()  # nobody has looked at their rows yet

    def __bool__(self) -> bool:
        return bool(self._ends or self._changes)

    @property
    def has_fresh(self) -> bool:
        return bool(self._fresh)

    @property
    def has_changes(self) -> bool:
        """Whether somebody waits for more than an end."""
        return bool(self._changes)

    def add(self, watch: Watch) -> None:
        with self._lock:
            self._of(watch).setdefault(watch.task_id, set()).add(watch)
            self._fresh.add(watch)

    def remove(self, watch: Watch) -> bool:
        """Forget a watch. False: it was taken already, so its callback is, or will be, called."""
        with self._lock:
            return self._drop(watch)

    def take_fresh(self) -> list[Watch]:
        """The watches that are new since the last time; they stay."""
        with self._lock:
            fresh, self._fresh = self._fresh, set()
            return list(fresh)

    def ended_ids(self) -> list[str]:
        """The tasks whose end somebody waits for."""
        with self._lock:
            return list(self._ends)

    def changing(self) -> list[Watch]:
        """The watches for a change."""
        with self._lock:
            return [watch for some in self._changes.values() for watch in some]

    def take_ends(self, task_ids: Iterable[str]) -> list[Watch]:
        """Remove and return all who wait for the end of these tasks."""
        with self._lock:
            taken = [watch for task_id in task_ids for watch in self._ends.pop(task_id, ())]
            self._fresh.difference_update(taken)
            return taken

    def take_changes(self, watches: Iterable[Watch]) -> list[Watch]:
        """Remove and return those of the watches that are still there."""
        with self._lock:
            return [watch for watch in watches if self._drop(watch)]

    def take_all(self) -> list[Watch]:
        """Remove and return every watch."""
        with self._lock:
            every = [
                w for kind in (self._ends, self._changes) for some in kind.values() for w in some
            ]
            self._ends, self._changes, self._fresh = {}, {}, set()
            return every

    def _of(self, watch: Watch) -> dict[str, set[Watch]]:
        return self._ends if watch.mark is None else self._changes

    def _drop(self, watch: Watch) -> bool:
        self._fresh.discard(watch)
        some = self._of(watch).get(watch.task_id, set())
        if watch not in some:
            return False
        some.remove(watch)
        if not some:
            del self._of(watch)[watch.task_id]
        return True
