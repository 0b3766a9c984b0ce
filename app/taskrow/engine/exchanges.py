"""When a supervisor makes an exchange with its rows, and what it does with what it takes away."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.exchange import Give, Take, Turns, exchange
from taskrow.engine.holdups import Holdups
from taskrow.engine.portion import Portion
from taskrow.engine.strays import Strays
from taskrow.errors import DatabaseBusyError
from taskrow.storage.claims import Claim

if TYPE_CHECKING:
    from collections.abc import Sequence

    from taskrow.engine.crew import Crew
    from taskrow.engine.intake import Intake
    from taskrow.engine.journal import Journal
    from taskrow.engine.queue import QueueEngine
    from taskrow.engine.rhythm import Rhythm
    from taskrow.engine.signals import StopSignals

# Seconds that an exchange may take, beside its commit. On SQLite all other writers wait for it; on
# PostgreSQL nobody does, and each statement is a round trip.
_HOLD = {"sqlite": 0.0018, "postgresql": 0.1}


class Exchanges:
    """The exchanges of one worker. Times are monotonic seconds.

    ``hungry``: there may be more to claim than was taken. ``next_due``: when the next scheduled
    task is. ``beat_at``: when the next heartbeat is; ``beaten_at``: when the last one was written.
    """

    def __init__(
        self,
        engine: QueueEngine,
        worker: str,
        queues: Sequence[str] | None,
        *,
        crew: Crew,
        intake: Intake,
        journal: Journal,
        rhythm: Rhythm,
        signals: StopSignals,
    ) -> None:
        self._engine, self._worker, self._queues = engine, worker, queues
        self._crew, self._intake, self._journal = crew, intake, journal
        self._rhythm, self._signals = rhythm, signals
        self._strays, self._portion = (
            Strays(engine, worker),
            Portion(_HOLD[engine.database.dialect]),
        )
        self._turns, self._holdups = Turns(), Holdups(engine.database, intake)
        self.hungry = True
        self.next_due: datetime | None = None
        self.beat_at = self.beaten_at = 0.0

    def want_exchange(self, moment: float) -> bool:
        """Whether there is something to write or to claim, and it cannot wait."""
        if moment >= self.beat_at or self._intake.progress.due(moment):
            return True
        if not self._signals.stops and self._rhythm.pause(moment):
            return False
        return self._holdups.has_writable(moment) or (
            self.want_tasks(moment) and (self.hungry or self.is_something_due())
        )

    def want_tasks(self, moment: float) -> bool:
        """Whether runners can take more."""
        return not self._signals.stops and self._crew.capacity(moment) > 0

    def is_something_due(self) -> bool:
        """Whether a scheduled task is."""
        return self.next_due is not None and self.next_due <= self._engine.clock()

    def exchange(self, moment: float) -> None:
        """Make one, and let everybody know what came of it. DatabaseError: nothing is lost."""
        try:
            self._exchange(moment)
        except DatabaseBusyError:
            if not self._may_wait() or not self._holdups.find(monotonic()):
                raise
            self._exchange(moment)

    def _may_wait(self) -> bool:
        """Whether something may stay unwritten: not where it is all that keeps a worker here."""
        return not self._signals.stops or self._crew.is_busy

    def _exchange(self, moment: float) -> None:
        give = self._give(moment, self._portion.size)
        take = self._engine.database.write(lambda connection: exchange(connection, give))
        self._portion.learn((len(give.endings) + len(take.claimed)) / 2, take.seconds)
        del self._intake.endings[: len(give.endings)]
        del self._intake.late_logs[: len(give.late_logs)]
        self._intake.progress.written(give.progress, moment)
        committed = monotonic()  # it takes its time
        self._rhythm.exchanged(moment, committed)
        self._settle(give, take, committed)

    def _give(self, moment: float, most: int) -> Give:
        if not self._may_wait():
            self._holdups.forget()
        now, (ended, late) = self._engine.clock(), self._holdups.pass_by(moment)
        return Give(
            worker=self._worker,
            now=now,
            lease=now + timedelta(seconds=self._engine.settings.lease),
            endings=tuple(self._intake.endings[: min(most, ended)]),
            progress=self._intake.progress.due(moment),
            late_logs=tuple(self._intake.late_logs[:late]),
            beat=moment >= self.beat_at,
            capacity=min(most, self._crew.capacity(moment)) if self.want_tasks(moment) else 0,
            queues=self._queues,
            turns=self._turns,
        )

    def _settle(self, give: Give, take: Take, moment: float) -> None:
        """It is committed."""
        self.next_due, self._turns = take.next_due, take.turns
        if give.capacity:
            self.hungry = len(take.claimed) >= give.capacity
        if give.beat:
            self.beaten_at, self.beat_at = moment, moment + self._engine.settings.heartbeat
        self._journal.all_ended(give.endings, take.lost)
        if take.beaten is not None:
            # A row that its own runner ended meanwhile is not taken away: it has said so before.
            for handle in self._crew.handles:
                self.hungry |= self._intake.listen(handle)
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
