"""The worker of a test: no processes, no threads, and a clock that somebody turns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from taskrow.engine.inline import InlineWorker
from taskrow.engine.upkeep import RECLAIM_EVERY, Upkeep
from taskrow.storage import queries
from taskrow.storage.liveness import Liveness
from taskrow.storage.schedules import coming_schedules
from taskrow.testing.submitted import SubmittedTask

if TYPE_CHECKING:
    from taskrow.engine.clock import DrivenClock
    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.claims import Claim

MOST = 1000  # tasks in one go


class TestWorker:
    """Runs what is due, keeps up the queue, and can be lost between claim and finish."""

    __test__ = False  # pytest: no test, whatever its name

    def __init__(self, engine: QueueEngine, clock: DrivenClock) -> None:
        self._engine, self._clock = engine, clock
        self._worker = InlineWorker(engine)
        self._killed = _Killed()
        self._upkeep = Upkeep(engine, self._worker.id, self._killed)
        self._losing: list[bool] = []  # one for each worker to lose: whether silently
        self._noticed_at: list[datetime] = []  # when others see that a worker was lost
        self._begun = False

    def lose_next(self, *, silently: bool) -> None:
        """The worker that claims the next task is lost then."""
        self._losing.append(silently)

    def run_due(self) -> Iterator[SubmittedTask]:
        """Run what is due now; gives each task as it stands when it has run."""
        for _ in range(MOST):
            claim = self._claim()
            if claim is None:
                return
            if self._worker.run(claim):
                yield SubmittedTask(self._engine.get(claim.id))
        raise RuntimeError(f"{MOST} tasks have run and more are due: does one submit itself?")

    def work_until(self, target: datetime) -> list[SubmittedTask]:
        """Do all that becomes due until then, each at its time."""
        if not self._begun:
            self._begun = True
            self._upkeep.begin(self._clock())
        ran = self._turn()
        while (moment := self._next_moment(target)) is not None:
            self._clock.now = moment
            ran += self._turn()
        self._clock.now = target
        return ran + self._turn()

    def _claim(self) -> Claim | None:
        """The next task to run; those that are claimed by a worker that is lost are passed over."""
        while self._losing:
            lost = InlineWorker(self._engine)
            if lost.claim() is None:
                return None
            silently, patience = self._losing.pop(0), RECLAIM_EVERY
            if silently:
                patience = self._engine.settings.lease
                self._upkeep.reclaim(self._clock(), self._moment())  # from now on it is watched
            else:
                self._killed.workers.add(lost.id)
            self._noticed_at.append(self._clock() + timedelta(seconds=patience))
        return self._worker.claim()

    def _turn(self) -> list[SubmittedTask]:
        self._upkeep.run_once(self._clock(), self._moment())
        self._upkeep.finish_purging()
        return list(self.run_due())

    def _moment(self) -> float:
        """The clock of the test as monotonic seconds."""
        return self._clock().timestamp()

    def _next_moment(self, target: datetime) -> datetime | None:
        """When something is due next, after now and not after ``target``."""
        now, registry = self._clock(), self._engine.registry
        with self._engine.database.read() as connection:
            due = queries.next_due_by_name(connection)
            coming = coming_schedules(connection, target)
        moments = [run_at for name, run_at in due.items() if registry.find(name) is not None]
        # The purge of each minute goes along with whatever is done, and is done in the end.
        moments += [s.next_at for s in coming if s.next_at and registry.find(s.task_name)]
        moments += self._noticed_at
        return min((moment for moment in moments if now < moment <= target), default=None)


class _Killed(Liveness):
    """Which workers of this test are dead; of others nothing is known."""

    def __init__(self) -> None:
        self.workers: set[str] = set()

    def is_gone(self, worker: str) -> bool:
        return worker in self.workers

    def close(self) -> None:
        self.workers.clear()
