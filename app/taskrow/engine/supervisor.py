"""The worker: a supervisor that owns the rows, and runners that own the user's code.

Each turn it waits for a report, a bell, a signal or a moment that it knows; then it makes one
exchange with the database and hands the claimed tasks to its runners.
"""

from __future__ import annotations

import logging
import socket
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.crew import Crew
from taskrow.engine.exchange import Give, Take, Turns, exchange
from taskrow.engine.intake import Intake
from taskrow.engine.journal import Journal
from taskrow.engine.listening import Listener
from taskrow.engine.platforms import check_worker_platform
from taskrow.engine.portion import Portion
from taskrow.engine.rhythm import Rhythm
from taskrow.engine.signals import StopSignals
from taskrow.engine.stopping import Stopping
from taskrow.engine.strays import Strays
from taskrow.engine.upkeep import RECLAIM_EVERY, Upkeep
from taskrow.engine.wires import Wires
from taskrow.engine.worker_options import WorkerOptions
from taskrow.errors import DatabaseError
from taskrow.storage import queries, workers
from taskrow.storage.claims import Claim
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.liveness import new_worker_id, show_life
from taskrow.storage.submit import WORK

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

log = logging.getLogger("taskrow.worker")

_HOLD = 0.002  # seconds that an exchange may take, beside its commit: others wait for it
_REST = 0.5  # seconds between tries while the database cannot be used


class Supervisor:
    """One worker process."""

    def __init__(self, engine: QueueEngine, options: WorkerOptions) -> None:
        check_worker_platform()
        self._engine, self._options = engine, options
        self.id = new_worker_id(socket.gethostname())
        self._listener = Listener(open_doorbell(engine.database, WORK, of_others=True))
        self._liveness = show_life(engine.database, self.id, self._listener.bell)
        shared = self._liveness.shared_file
        self._crew = Crew(
            options,
            self.id,
            [] if shared is None else [shared],
            lambda name: engine.options_of(name).timeout,
            # Only on SQLite does a commit hold up all other writers.
            engine.settings.busy_timeout if engine.database.dialect == "sqlite" else None,
        )
        self._upkeep = Upkeep(engine, self.id, self._liveness)
        self._journal = Journal(debug=options.debug)
        self._intake = Intake(engine, self._crew, self._journal)
        self._strays = Strays(engine, self.id)
        self._signals = StopSignals()
        self._stopping = Stopping(
            self._crew,
            self._signals,
            grace=options.grace,
            patience=engine.settings.busy_timeout,
        )
        self._wires = Wires()
        self._next_due: datetime | None = None
        self._portion = Portion(_HOLD)
        self._turns = Turns()
        self._hungry = True  # there may be more to claim than was taken
        self._rhythm = Rhythm(self._crew)
        self._beat_at = self._upkeep_at = self._rest_until = 0.0

    def run(self) -> None:
        """Work until told to stop, or, in a burst, until nothing is left."""
        self._begin()
        try:
            while not self._is_finished():
                self._turn()
        finally:
            self._finish()

    def _begin(self) -> None:
        now, options, database = self._engine.clock(), self._options, self._engine.database
        queues = ", ".join(options.queues or ["all"])
        database.write(
            lambda c: workers.register(c, self.id, queues=queues, runners=options.runners, now=now)
        )
        self._upkeep.begin(now)
        self._signals.install()
        log.info(
            "worker %s started: runners %d%s, queues %s, database %s",
            self.id, options.runners, f" x {options.threads} threads" * (options.threads > 1),
            queues, database.place,
        )  # fmt: skip

    def _turn(self) -> None:
        self._hear(self._patience())
        moment = time.monotonic()
        self._crew.kill_overdue(moment)
        if self._signals.stops:
            self._stopping.wind_down(moment)
        else:
            self._crew.fill_up(moment)
            self._crew.take_back(moment)
        try:
            self._work_on_rows(moment)
        except DatabaseError as error:
            self._rest(error, moment)

    def _work_on_rows(self, moment: float) -> None:
        if moment < self._rest_until:
            return
        if self._listens(moment) and self._listener.is_due(moment):
            if self._listener.is_sure and self._wants_tasks(moment) and not self._crew.is_busy:
                self._exchange(moment)  # it is a look, too
                self._listener.found_nothing(moment)
                self._listener.learn(found=self._crew.is_busy)
            else:
                self._look(moment)
        if self._wants_exchange(moment):
            self._exchange(moment)
        if moment >= self._upkeep_at or self._upkeep.must_fire(self._engine.clock()):
            self._upkeep_at = moment + RECLAIM_EVERY
            self._keep_up(moment)
        if not self._signals.stops:
            self._upkeep.go_on_purging(moment)

    def _keep_up(self, moment: float) -> None:
        """The duties beside the tasks: bury runners that ended unheard, look after the queue."""
        for handle in self._crew.dead():
            self._hungry |= self._intake.hear(handle)  # what it said last
            if handle in self._crew.handles:
                self._intake.bury(handle)
        if not self._signals.stops:
            self._hungry |= self._upkeep.run_once(self._engine.clock(), moment) > 0

    def _rest(self, error: DatabaseError, moment: float) -> None:
        """Keep what is unwritten and try again; say so once, not at each try."""
        if not self._rest_until:
            log.error("%s; trying again until it can", error)
        self._rest_until = moment + _REST

    # -- waiting ---------------------------------------------------------------------------------

    def _hear(self, patience: float) -> None:
        others = [self._signals.fileno()]
        moment = time.monotonic()
        bell = self._listener.file(moment)
        if bell is not None and self._listens(moment):
            others.append(bell)
        speakers = self._wires.wait(patience, self._crew.handles, others)
        for handle in speakers:
            self._hungry |= self._intake.hear(handle)
        if speakers:
            self._rhythm.let_more_come()
        self._signals.drain()

    def _listens(self, moment: float) -> bool:
        """Whether news from the database matter: not while stopping, or while it is in trouble."""
        knows = self._hungry and self._rhythm.has_looked(moment)
        return not self._signals.stops and moment >= self._rest_until and not knows

    def _patience(self) -> float:
        """Seconds in which nothing can become due."""
        moment = time.monotonic()
        if self._rest_until > moment:
            return self._rest_until - moment
        if self._wants_exchange(moment):
            return 0.0
        crew_moments = self._crew.next_stuck(), self._crew.next_overdue()
        moments = [
            self._beat_at, self._upkeep_at, self._stopping.next_moment(), *crew_moments
        ]  # fmt: skip
        waits = [at - moment for at in moments if at is not None]
        if not self._signals.stops:
            waits += self._upkeep.waits(self._engine.clock(), moment)
        if self._listens(moment):
            waits.append(self._listener.timeout(moment))
        waits += [at - moment for at in self._rhythm.next_moments() if at > moment]
        if (progress := self._intake.progress.next_due(moment)) is not None:
            waits.append(progress)
        if self._next_due is not None and self._crew.capacity(moment):
            waits.append((self._next_due - self._engine.clock()).total_seconds())
        return max(0.0, min(waits))

    # -- the rows --------------------------------------------------------------------------------

    def _look(self, moment: float) -> None:
        """The bell rang, or may have been missed: is there something to claim, or to cancel?"""
        began = time.thread_time()
        with self._engine.database.read() as connection:
            if not self._hungry:
                self._hungry = queries.is_anything_queued(connection, self._options.queues)
                self._listener.learn(found=self._hungry)
            if not self._hungry:  # else the exchange sees it
                self._next_due = queries.next_due(connection)
            asked = queries.cancels_asked(connection, self.id) if self._crew.is_busy else {}
        self._crew.cancel(asked, self._engine.clock())
        self._upkeep.tend_log()
        self._listener.found_nothing(moment, time.thread_time() - began)
        self._rhythm.looked(moment)

    def _wants_exchange(self, moment: float) -> bool:
        if moment >= self._beat_at or self._intake.progress.due(moment):
            return True
        if self._rhythm.lingers(moment):
            return False
        return self._intake.has_unwritten or (
            self._wants_tasks(moment) and (self._hungry or self._is_something_due())
        )

    def _wants_tasks(self, moment: float) -> bool:
        return not self._signals.stops and self._crew.capacity(moment) > 0

    def _is_something_due(self) -> bool:
        return self._next_due is not None and self._next_due <= self._engine.clock()

    def _exchange(self, moment: float) -> None:
        now, most = self._engine.clock(), self._portion.size
        give = Give(
            worker=self.id,
            now=now,
            lease=now + timedelta(seconds=self._engine.settings.lease),
            endings=tuple(self._intake.endings[:most]),
            progress=self._intake.progress.due(moment),
            late_logs=tuple(self._intake.late_logs),
            beat=moment >= self._beat_at,
            capacity=min(most, self._crew.capacity(moment)) if self._wants_tasks(moment) else 0,
            queues=self._options.queues,
            turns=self._turns,
        )
        take = self._engine.database.write(lambda connection: exchange(connection, give))
        self._portion.learn(max(len(give.endings), len(take.claimed)), take.seconds)
        self._rest_until = 0.0
        del self._intake.endings[: len(give.endings)]
        del self._intake.late_logs[: len(give.late_logs)]
        self._intake.progress.written(give.progress, moment)
        committed = time.monotonic()  # it takes its time
        self._rhythm.exchanged(moment, committed)
        self._settle(give, take, committed)

    def _settle(self, give: Give, take: Take, moment: float) -> None:
        """The exchange is committed: let everybody know."""
        self._next_due, self._turns = take.next_due, take.turns
        if give.capacity:
            self._hungry = len(take.claimed) >= give.capacity
        if give.beat:
            self._beat_at = moment + self._engine.settings.heartbeat
        self._journal.all_ended(give.endings, take.lost)
        if take.beaten is not None:
            # A row that its own runner ended meanwhile is not taken away: it has said so before.
            for handle in self._crew.handles:
                self._hungry |= self._intake.listen(handle)
            self._crew.follow(take.beaten, give.now)
        self._hand_out(take.claimed, give.now, moment)
        if take.beaten is not None:
            self._intake.release(self._strays.find(take.beaten, self._intake.known))

    def _hand_out(self, claimed: list[Claim], now: datetime, moment: float) -> None:
        known = []
        for claim in claimed:
            if (ending := endings.unrunnable(self._engine, claim, now)) is not None:
                self._intake.endings.append(ending)
            else:
                known.append(claim)
        for claim in self._crew.hand_out(known, moment):
            self._journal.started(claim)

    # -- the end ---------------------------------------------------------------------------------

    def _is_finished(self) -> bool:
        if self._intake.has_unwritten or self._crew.is_busy:
            return self._rest_until > 0 and self._stopping.has_given_up()
        if self._signals.stops:
            return True
        done = not self._hungry and not self._is_something_due() and self._upkeep.purge_at is None
        return self._options.burst and done

    def _finish(self) -> None:
        self._crew.dismiss()
        now = self._engine.clock()
        try:
            self._engine.database.write(lambda c: workers.sign_off(c, self.id, now=now))
        except DatabaseError as error:
            log.error("%s", error)
        self._liveness.close()
        self._listener.bell.close()
        self._wires.close()
        self._signals.restore()
        log.info("worker %s stopped", self.id)
