"""Delete finished rows in small batches, with rests between them, so that nobody waits for it.

A batch takes the lock to write for about two milliseconds, whatever the rows are like: how many it
takes follows from how long the last one took. A row to which a table of the user's refers, by a
foreign key that neither cascades nor lets go, stays; the others go one by one then.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from taskrow.engine.portion import Portion
from taskrow.storage import purge as rows
from taskrow.storage.database import Database
from taskrow.storage.purge import Older
from taskrow.storage.space import give_space_back, has_space_to_give

_HOLD = 0.002  # seconds that a batch may take, beside its commit
_MOST_KEPT = 1000  # rows that foreign keys keep, after which a purge goes no further
_RESTS = 3  # the rest after a batch, in times of what it took


class Purge(ABC):
    """A purge that is under way; ``deleted`` says how much so far, ``kept`` what had to stay."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows, self._pages = Portion(_HOLD), Portion(_HOLD)
        self._rows_are_left = True
        self.deleted = 0
        self.kept: list[int] = []

    def step(self) -> float | None:
        """Do a little; returns how many seconds to rest then, None: it is done."""
        began = time.perf_counter()
        if self._rows_are_left:
            self._rows_are_left = self._delete_some()
        elif not self._give_back_some():
            return None
        return _RESTS * (time.perf_counter() - began)

    def run(self) -> int:
        """Do it all; returns how many rows were deleted."""
        while (rest := self.step()) is not None:
            time.sleep(rest)
        return self.deleted

    @abstractmethod
    def _delete_some(self) -> bool:
        """Delete a batch; returns whether there may be more."""

    def _delete(self, work: Callable[[Connection], int]) -> int:
        deleted = self._database.write(_timed(self._rows, work))
        self.deleted += deleted
        return deleted

    def _delete_each(self, seqs: Sequence[int], finished_before: datetime) -> None:
        kept = self._database.write(
            lambda c: rows.purge_each(c, seqs, finished_before=finished_before)
        )
        self.kept += kept
        self.deleted += len(seqs) - len(kept)

    def _give_back_some(self) -> bool:
        with self._database.read() as connection:
            if not has_space_to_give(connection):
                return False

        def give(connection: Connection) -> int:
            give_space_back(connection, pages=self._pages.size)
            return self._pages.size

        self._database.write(_timed(self._pages, give))
        return True


def _timed(portion: Portion, work: Callable[[Connection], int]) -> Callable[[Connection], int]:
    """``work``, and a lesson from it."""

    def run(connection: Connection) -> int:
        began = time.perf_counter()
        done = work(connection)
        portion.learn(done, time.perf_counter() - began)
        return done

    return run


class PurgeOfDue(Purge):
    """Of the rows whose time is up."""

    def __init__(self, database: Database, *, now: datetime) -> None:
        super().__init__(database)
        self._now = now

    def _delete_some(self) -> bool:
        now, limit, kept = self._now, self._rows.size, tuple(self.kept)
        try:
            work = partial(rows.purge, now=now, limit=limit, besides=kept)
            return self._delete(work) == limit
        except IntegrityError:
            with self._database.read() as connection:
                seqs = rows.find_due(connection, now=now, limit=limit, besides=kept)
        self._delete_each(seqs, now)
        return len(self.kept) < _MOST_KEPT


class PurgeOfOlder(Purge):
    """Of the rows that finished before a time, whatever their retention."""

    def __init__(self, database: Database, *, finished_before: datetime) -> None:
        super().__init__(database)
        self._before = finished_before
        self._after = 0

    def _delete_some(self) -> bool:
        found = self._find()
        try:
            self._delete(lambda c: rows.purge_these(c, found.seqs, finished_before=self._before))
        except IntegrityError:
            self._delete_each(found.seqs, self._before)
        self._after = found.after or 0
        return found.after is not None

    def _find(self) -> Older:
        with self._database.read() as connection:
            return rows.find_older(
                connection,
                finished_before=self._before,
                after=self._after,
                limit=self._rows.size,
            )


def purge_of(database: Database, *, now: datetime, older_than: timedelta | None = None) -> Purge:
    """A purge of the rows whose time is up; of those that ended longer ago than that, instead."""
    if older_than is None:
        return PurgeOfDue(database, now=now)
    return PurgeOfOlder(database, finished_before=now - older_than)
