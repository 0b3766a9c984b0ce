"""What a worker does beside its tasks: reclaim from dead workers, fire schedules, fold the log."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.declared import PURGE
from taskrow.engine.firing import Firing
from taskrow.engine.purging import Purge, purge_of
from taskrow.errors import DatabaseBusyError
from taskrow.storage import claims, finish
from taskrow.storage import upkeep as rows
from taskrow.storage.claims import Claim
from taskrow.storage.liveness import LOOK_AGAIN
from taskrow.storage.schema import find_revision, is_newer, known_revisions
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.submit import WORK, ring
from taskrow.storage.workers import forget

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.liveness import Liveness

log = logging.getLogger("taskrow.worker")

RECLAIM_EVERY = LOOK_AGAIN
FOLD_EVERY = 60.0
_LATE = 2  # heartbeats between two that were written
_WORKERS_KEPT = timedelta(days=7)  # after they were last seen


class Upkeep:
    """One worker's duties to the whole queue. Times are passed in."""

    def __init__(self, engine: QueueEngine, worker: str, liveness: Liveness) -> None:
        self._engine, self._worker, self._liveness = engine, worker, liveness
        self._seen: dict[tuple[object, ...], tuple[int, float]] = {}
        self._beaten_at = self._could_write_since = 0.0
        self._fold_at = 0.0
        self._told_of: str | None = None  # the revision of newer tables
        self._firing = Firing(engine)
        self._purge: Purge | None = None
        self._told_of_kept = 0
        self.purge_at: float | None = None  # monotonic: when the purge under way goes on

    def begin(self, now: datetime) -> None:
        """The worker starts: bring the schedules to what its code declares."""
        if isinstance(self._engine.database, SqliteDatabase):
            self._engine.database.keep_log()
        self._recall_unknown(now)
        self._firing.begin(now)

    def _recall_unknown(self, now: datetime) -> None:
        """What was put back because no worker knew it may be known to this one."""
        database, registry = self._engine.database, self._engine.registry
        with database.read() as connection:
            names = rows.names_put_back(connection)
        if known := [name for name in names if registry.find(name) is not None]:
            database.write(lambda c: rows.recall_unknown(c, known, now=now))

    def must_fire(self, now: datetime) -> bool:
        """Whether a schedule is due."""
        return self._firing.next_at is not None and self._firing.next_at <= now

    def waits(self, now: datetime, moment: float) -> list[float]:
        """In how many seconds what is due: a schedule, if it is soon; a step of a purge."""
        fires, purges = self._firing.next_at, self.purge_at
        waits = [] if fires is None else [(fires - now).total_seconds()]
        return waits if purges is None else [*waits, purges - moment]

    def run_once(self, now: datetime, moment: float) -> int:
        """Do what is due at ``moment`` (monotonic seconds); returns how many may be claimed."""
        self.tend_log()
        reclaimed = self.reclaim(now, moment)
        fired = self._firing.turn(now)
        if PURGE.name in fired and self._purge is None:
            self._purge, self.purge_at = purge_of(self._engine.database, now=now), moment
            self._forget(now)
            self.go_on_purging(moment)
        if moment >= self._fold_at:
            self._fold_at = moment + FOLD_EVERY
            self.fold_log()
            self._tell_of_newer_tables()
        return reclaimed + len(fired)

    def _forget(self, now: datetime) -> None:
        """Delete what is left of due times and workers of long ago."""
        self._firing.forget_old(now)
        self._liveness.tidy()
        self._engine.database.write(lambda c: forget(c, before=now - _WORKERS_KEPT))

    def go_on_purging(self, moment: float) -> None:
        """Do a little of the purge that is under way, if it has rested."""
        if self._purge is None or self.purge_at is None or moment < self.purge_at:
            return
        rest = self._purge.step()
        if rest is not None:
            self.purge_at = time.monotonic() + rest
            return
        if self._purge.deleted:
            log.info("purged %d finished tasks", self._purge.deleted)
        self._tell_of_kept(len(self._purge.kept))
        self._purge = self.purge_at = None

    def _tell_of_kept(self, kept: int) -> None:
        """Rows that cannot be purged, once and when their number changes."""
        if kept and kept != self._told_of_kept:
            log.warning(
                "%d finished tasks cannot be purged: a table of yours refers to them; declare its "
                "foreign key ON DELETE CASCADE or ON DELETE SET NULL",
                kept,
            )
        self._told_of_kept = kept

    def finish_purging(self) -> None:
        """Do the rest of it without a pause."""
        while self.purge_at is not None:
            self.go_on_purging(self.purge_at)

    def tend_log(self) -> None:
        """Fold SQLite's log, if others have made it long, or it holds what must not stay."""
        if isinstance(self._engine.database, SqliteDatabase):
            self._engine.database.scrub()

    def fold_log(self) -> None:
        """Give the space of SQLite's log back."""
        if isinstance(self._engine.database, SqliteDatabase):
            self._engine.database.truncate_log()

    def _tell_of_newer_tables(self) -> None:
        """An upgrade only adds to the tables: who works on them goes on, but not for ever."""
        with self._engine.database.read() as connection:
            revision = find_revision(connection)
        if is_newer(revision) and revision != self._told_of:
            self._told_of = revision
            log.warning(
                "the tables were upgraded to revision %s, newer than this taskrow knows (%s): this "
                "worker goes on, and so do web processes; restart them with the new taskrow",
                revision, known_revisions()[-1],
            )  # fmt: skip

    def beaten(self, moment: float) -> None:
        """A heartbeat of this worker's own was written. If late, others could not write either.

        Whatever kept it (a lock, a server that was gone, a machine that slept): from now on they
        have a whole lease to be heard of.
        """
        if moment - self._beaten_at > _LATE * self._engine.settings.heartbeat:
            self._could_write_since = moment
        self._beaten_at = moment

    def reclaim(self, now: datetime, moment: float) -> int:
        """Take tasks back from workers that are dead, or silent for a whole lease."""
        with self._engine.database.read() as connection:
            others = claims.running_elsewhere(connection, worker=self._worker)
        gone = self._liveness.find_gone({c.worker for c in others}, moment)
        silent = self._silent(others, moment)
        taken = [claim for claim in others if claim.worker in gone or claim in silent]
        reclaimed = sum(self._reclaim_one(claim, claim.worker in gone, now) for claim in taken)
        if gone:
            self._liveness.tidy()
        return reclaimed

    def _silent(self, others: list[Claim], moment: float) -> list[Claim]:
        """The claims whose heartbeat this worker itself saw stand still for a lease.

        By its own monotonic clock, never by the times in the row: clocks jump and differ. An
        attempt that was given back and claimed again has a lease of its own, under its old number.
        What was while this worker could not write either is not silence.
        """
        before, self._seen = self._seen, {}
        silent = []
        for claim in others:
            key = (claim.seq, claim.attempt, claim.worker, claim.started_at)
            heartbeat, since = before.get(key, (None, moment))
            since = since if heartbeat == claim.heartbeat else moment
            since = max(since, self._could_write_since)
            self._seen[key] = (claim.heartbeat, since)
            if moment - since >= self._engine.settings.lease:
                silent.append(claim)
        return silent

    def _reclaim_one(self, claim: Claim, gone: bool, now: datetime) -> bool:
        why = "is gone" if gone else "has been silent for a lease"
        ending = endings.lost(self._engine, claim, f"its worker {claim.worker} {why}", now)

        def write(connection: Connection) -> bool:
            taken = finish.reclaim(connection, ending, now=now)
            ring(connection, WORK)
            return taken

        try:
            taken = self._engine.database.write(write)
        except DatabaseBusyError as error:  # other duties do not stand behind one row
            log.warning("%s %s could not be reclaimed: %s", claim.id, claim.name, error)
            return False
        if not taken:  # held by somebody, its row says nothing of its worker: watch it anew
            self._seen = {key: seen for key, seen in self._seen.items() if key[:2] != claim.which}
        if taken:
            log.warning(
                "%s %s reclaimed from %s, which %s: %s",
                claim.id, claim.name, claim.worker, why, ending.status,
            )  # fmt: skip
        return taken
