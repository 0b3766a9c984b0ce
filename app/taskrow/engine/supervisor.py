"""The worker: a supervisor that owns the rows, and runners that own the user's code.

Each turn it waits for a report, a bell, a signal or a moment that it knows; then it makes one
exchange with the database and hands the claimed tasks to its runners.
"""

from __future__ import annotations

import logging
import socket
import time
from typing import TYPE_CHECKING

from taskrow.engine.crew import Crew
from taskrow.engine.exchanges import Exchanges
from taskrow.engine.intake import Intake
from taskrow.engine.journal import Journal
from taskrow.engine.listening import Listener
from taskrow.engine.platforms import check_worker_platform
from taskrow.engine.rhythm import Rhythm
from taskrow.engine.signals import StopSignals
from taskrow.engine.stopping import Stopping
from taskrow.engine.upkeep import RECLAIM_EVERY, Upkeep
from taskrow.engine.wires import Wires
from taskrow.engine.worker_options import WorkerOptions
from taskrow.errors import DatabaseError
from taskrow.storage import queries, workers
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.liveness import new_worker_id, show_life
from taskrow.storage.submit import WORK

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine

log = logging.getLogger("taskrow.worker")

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
        self._signals = StopSignals()
        self._stopping = Stopping(
            self._crew,
            self._signals,
            grace=options.grace,
            patience=engine.settings.busy_timeout,
        )
        self._wires, self._rhythm = Wires(), Rhythm(self._crew)
        self._rows = Exchanges(
            engine,
            self.id,
            options.queues,
            crew=self._crew,
            intake=self._intake,
            journal=self._journal,
            rhythm=self._rhythm,
            signals=self._signals,
        )
        self._upkeep_at = self._rest_until = 0.0

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
        self._pause()
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
            if self._listener.is_sure and self._rows.want_tasks(moment) and not self._crew.is_busy:
                self._exchange(moment)  # it is a look, too
                self._listener.found_nothing(moment)
                self._listener.learn(found=self._crew.is_busy)
            else:
                self._look(moment)
        if self._rows.want_exchange(moment):
            self._exchange(moment)
        if moment >= self._upkeep_at or self._upkeep.must_fire(self._engine.clock()):
            self._keep_up()
        if not self._signals.stops:
            self._upkeep.go_on_purging(moment)

    def _exchange(self, moment: float) -> None:
        self._rows.exchange(moment)
        self._upkeep.beaten(self._rows.beaten_at)
        self._rest_until = 0.0
        self._upkeep.tend_log()

    def _keep_up(self) -> None:
        """The duties beside the tasks: bury runners that ended unheard, look after the queue."""
        self._liveness.renew()  # while stopping, too: its tasks still run
        moment = time.monotonic()  # the exchange before may have taken long
        self._upkeep_at = moment + RECLAIM_EVERY
        for handle in self._crew.dead():
            self._rows.hungry |= self._intake.hear(handle)  # what it said last
            if handle in self._crew.handles:
                self._intake.bury(handle)
        if not self._signals.stops:
            self._rows.hungry |= self._upkeep.run_once(self._engine.clock(), moment) > 0

    def _rest(self, error: DatabaseError, moment: float) -> None:
        """Keep what is unwritten and try again; say so once, not at each try."""
        if not self._rest_until:
            log.error("%s; trying again until it can", error)
        self._rest_until = moment + _REST

    # -- waiting ---------------------------------------------------------------------------------

    def _pause(self) -> None:
        """Listen to nobody but signals and the bell, where runners can do without."""
        moment = time.monotonic()
        if not self._signals.stops and (pause := self._rhythm.pause(moment)):
            self._wires.wait(pause, [], self._others(moment))

    def _hear(self, patience: float) -> None:
        others = self._others(time.monotonic())
        for handle in self._wires.wait(patience, self._crew.handles, others):
            self._rows.hungry |= self._intake.hear(handle)
        self._signals.drain()

    def _others(self, moment: float) -> list[int]:
        """What else can speak to a supervisor."""
        bell, mine = self._listener.file(moment), [self._signals.fileno()]
        return mine if bell is None or not self._listens(moment) else [*mine, bell]

    def _listens(self, moment: float) -> bool:
        """Whether news from the database matter: not while stopping, or while it is in trouble."""
        knows = self._rows.hungry and self._rhythm.has_looked(moment)
        return not self._signals.stops and moment >= self._rest_until and not knows

    def _patience(self) -> float:
        """Seconds in which nothing can become due."""
        moment = time.monotonic()
        if self._rest_until > moment:
            return self._rest_until - moment
        if self._rows.want_exchange(moment):
            return 0.0
        crew_moments = self._crew.next_stuck(), self._crew.next_overdue()
        moments = [
            self._rows.beat_at, self._upkeep_at, self._stopping.next_moment(), *crew_moments
        ]  # fmt: skip
        waits = [at - moment for at in moments if at is not None]
        if not self._signals.stops:
            waits += self._upkeep.waits(self._engine.clock(), moment)
        if self._listens(moment):
            waits.append(self._listener.timeout(moment))
        elif not self._signals.stops:
            waits.append(self._rhythm.next_look(moment))
        if pause := self._rhythm.pause(moment):
            waits.append(pause)
        if (progress := self._intake.progress.next_due(moment)) is not None:
            waits.append(progress)
        if self._rows.next_due is not None and self._crew.capacity(moment):
            waits.append((self._rows.next_due - self._engine.clock()).total_seconds())
        return max(0.0, min(waits))

    # -- the rows --------------------------------------------------------------------------------

    def _look(self, moment: float) -> None:
        """The bell rang, or may have been missed: is there something to claim, or to cancel?"""
        began = time.thread_time()
        with self._engine.database.read() as connection:
            if not self._rows.hungry:
                self._rows.hungry = queries.is_anything_queued(connection, self._options.queues)
                self._listener.learn(found=self._rows.hungry)
            if not self._rows.hungry:  # else the exchange sees it
                self._rows.next_due = queries.next_due(connection)
            asked = queries.cancels_asked(connection, self.id) if self._crew.is_busy else {}
        self._crew.cancel(asked, self._engine.clock())
        self._upkeep.tend_log()
        self._listener.found_nothing(moment, time.thread_time() - began)
        self._rhythm.looked(moment)

    # -- the end ---------------------------------------------------------------------------------

    def _is_finished(self) -> bool:
        if self._intake.has_unwritten or self._crew.is_busy:
            return self._rest_until > 0 and self._stopping.has_given_up()
        if self._signals.stops:
            return True
        rows_wait = self._rows.hungry or self._rows.is_something_due()
        return self._options.burst and not rows_wait and self._upkeep.purge_at is None

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
