"""Whether there is room for more tasks: asked before every submit, so looked up seldom.

A disk that is full stops everything, also what would make it emptier. So submits end while there is
still some space for those that finish.
"""

from __future__ import annotations

import os
import time

from taskrow.domain.settings import Settings
from taskrow.errors import DatabaseError, DiskFullError, QueueFullError
from taskrow.storage.conditions import count_queued
from taskrow.storage.database import Database
from taskrow.storage.sqlite import SqliteDatabase

_FRESH = 1.0  # seconds for which an answer counts
_SOON = 0.05  # seconds after which a full queue may be looked at again
# To count a long queue takes a while: it is done for a hundredth of the time, or a twentieth
# while the queue is full.
_SHARE, _SHARE_WHEN_FULL = 100, 20


class Limits:
    """What one process knows of the room that is left."""

    def __init__(self, settings: Settings) -> None:
        self._least_free, self._most_queued = settings.min_free_space, settings.max_queued
        self._free: int | None = None  # bytes; None: nobody can tell
        # For how many tasks, since they were counted; there is room while the first thread counts.
        self._room = self._most_queued or 0
        self._look_at = self._count_at = self._recount_at = 0.0  # monotonic seconds

    def check(self, database: Database, tasks: int = 1) -> None:
        """Take room for so many tasks. DiskFullError, QueueFullError: there is none."""
        moment = time.monotonic()
        if moment >= self._look_at:
            self._look_at = moment + _FRESH  # first, so that no other thread looks, too
            self._look_at_disk(database)
        if self._free is not None and self._free < self._least_free:
            raise DiskFullError(
                f"the disk of the task database {database.place} has {self._free:,} bytes left, "
                f"less than TASKROW_MIN_FREE_SPACE ({self._least_free:,}): free some space"
            )
        if self._most_queued is not None:
            self._take_room(database, tasks, moment, self._most_queued)

    def _look_at_disk(self, database: Database) -> None:
        self._free = None
        if isinstance(database, SqliteDatabase) and hasattr(os, "statvfs"):
            try:
                found = os.statvfs(database.path.parent)
            except OSError:  # whoever opens the database says what is wrong
                return
            self._free = found.f_bavail * found.f_frsize

    def _take_room(self, database: Database, tasks: int, moment: float, most: int) -> None:
        if moment >= self._count_at or (self._room < tasks and moment >= self._recount_at):
            self._room = most - self._count(database, moment, most)
        if self._room < tasks:
            raise QueueFullError(
                f"{most:,} tasks may wait for a worker (TASKROW_MAX_QUEUED), and there is no room "
                f"for {tasks:,} more: try again later, or run more workers"
            )
        self._room -= tasks

    def _count(self, database: Database, moment: float, most: int) -> int:
        self._count_at = self._recount_at = moment + _FRESH  # no other thread, too
        try:
            with database.read() as connection:
                queued = count_queued(connection, at_most=most)
        except DatabaseError:  # no tables yet, or worse: the submit itself says so
            queued = 0
        seconds = time.monotonic() - moment
        self._count_at = moment + max(_FRESH, _SHARE * seconds)
        self._recount_at = moment + max(_SOON, _SHARE_WHEN_FULL * seconds)
        return queued
