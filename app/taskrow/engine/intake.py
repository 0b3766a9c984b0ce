"""What runners say, or leave unsaid, becomes endings and progress that wait to be written."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.messages import (
    COMMITTED,
    COMMITTING,
    GOES_ON,
    LOGS,
    OVER,
    PROGRESS,
    READY,
    RETURNED,
    UNCOMMITTED,
    WAITS,
    WORN,
    Report,
)
from taskrow.engine.progress import ProgressBook
from taskrow.storage.claims import Attempt, Claim
from taskrow.storage.finish import Ending

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew
    from taskrow.engine.flight import Held
    from taskrow.engine.handle import RunnerHandle
    from taskrow.engine.journal import Journal
    from taskrow.engine.queue import QueueEngine


_NEWS = (PROGRESS, LOGS, COMMITTING, COMMITTED, UNCOMMITTED, GOES_ON)  # the task goes on


class Intake:
    """Listens to the runners of one worker.

    ``endings``, ``progress`` and ``late_logs`` (of tasks that ended themselves) are unwritten.
    """

    def __init__(self, engine: QueueEngine, crew: Crew, journal: Journal) -> None:
        self._engine, self._crew, self._journal = engine, crew, journal
        self.endings: list[Ending] = []
        self.late_logs: list[tuple[Claim, str]] = []
        self.progress = ProgressBook()
        self._logs: dict[Attempt, str] = {}  # of what runs: what it has sent so far

    @property
    def has_unwritten(self) -> bool:
        """Whether something is to be written before the worker may end."""
        return bool(self.endings or self.late_logs)

    @property
    def known(self) -> set[Attempt]:
        """What a runner holds, or whose ending is yet to be written."""
        held = {held.claim.which for handle in self._crew.handles for held in handle.in_flight}
        return held | {ending.claim.which for ending in self.endings}

    def hear(self, handle: RunnerHandle) -> bool:
        """Like :meth:`listen`; a runner that is gone is buried."""
        freed = self.listen(handle)
        if handle.gone:
            self.bury(handle)
        return freed

    def listen(self, handle: RunnerHandle) -> bool:
        """Take in what a runner says; returns whether it can take more tasks than before."""
        handle.flush()
        freed, now = False, None
        for report in handle.receive():
            now = now or self._engine.clock()
            freed |= self._take_in(handle, report, now)
        return freed

    def bury(self, handle: RunnerHandle) -> None:
        """A runner is gone: what it ran ends so, what it had not begun goes back unharmed."""
        moment = time.monotonic()
        how = self._crew.bury(handle, moment)
        for held in handle.in_flight.running:
            if held.has_committed:
                self._close_committed(held.claim, how)
            else:
                ending = self._ending_of_lost(handle, held, how)
                self._close(ending, moment - (held.since or moment))
        self.release([held.claim for held in handle.in_flight.waiting])

    def _ending_of_lost(self, handle: RunnerHandle, held: Held, how: str) -> Ending:
        now = self._engine.clock()
        if (why := handle.ended_for.get(held)) is not None:
            return endings.ended(self._engine, held.claim, why, now)
        if handle.ended_for:
            why = next(iter(handle.ended_for.values()))
            return endings.disturbed(self._engine, held.claim, why, now)
        if handle.killed:
            return endings.interrupted(self._engine, held.claim, "its worker was stopped", now)
        return endings.lost(self._engine, held.claim, how, now)

    def release(self, claims: list[Claim]) -> None:
        """Give claims back unharmed."""
        now = self._engine.clock()
        self.endings += [endings.released(self._engine, claim, now) for claim in claims]

    def _take_in(self, handle: RunnerHandle, report: Report, now: datetime) -> bool:
        kind = report.kind
        if kind in (READY, WORN):
            handle.worn |= kind == WORN
            return kind == READY
        held = handle.find(report)
        if kind in _NEWS:
            if held is not None:
                self._note(held, report)
            return False
        if held is not None and kind == WAITS:
            self._crew.note_wait(handle, held)
        elif held is not None:
            self._take(handle, held, report, now)
        return True

    def _note(self, held: Held, report: Report) -> None:
        """What a running task says of itself; nobody else can run for it."""
        if report.kind == PROGRESS:
            self.progress.note(held.claim, report.payload)
        elif report.kind == LOGS:
            self._logs[held.claim.which] = json.loads(report.payload)
        elif report.kind == GOES_ON:
            held.waits = False
        else:
            self._note_commit(held, report.kind)

    def _note_commit(self, held: Held, kind: str) -> None:
        moment = time.monotonic()
        held.committing_since = moment if kind == COMMITTING else None
        if kind == COMMITTED:
            held.has_committed = True
            self.progress.close(held.claim)  # its last word and its logs went with the commit
            self._logs.pop(held.claim.which, None)
            self._journal.committed(held.claim, moment - (held.since or moment))

    def _take(self, handle: RunnerHandle, held: Held, report: Report, now: datetime) -> None:
        """A runner has done with a task, or gives it back."""
        ran = report.kind != RETURNED
        begins = handle.drop(held, time.monotonic(), ran=ran)
        if not ran:
            self.release([held.claim])
            return
        seconds = report.ms / 1000
        if report.kind == OVER:
            self._close_committed(held.claim, _raised(report.payload))
        else:
            ending = endings.ending_of(self._engine, held.claim, report, now)
            self._close(ending, seconds)
        self._crew.pace.note(seconds)
        if begins is not None:
            self._journal.started(begins.claim)

    def _close(self, ending: Ending, seconds: float) -> None:
        """An attempt is over: what it said last goes with its end."""
        ending.progress = self.progress.close(ending.claim)
        ending.logs = self._logs.pop(ending.claim.which, None)
        ending.seconds = seconds
        self.endings.append(ending)

    def _close_committed(self, claim: Claim, what: str | None) -> None:
        """The function is over whose task was before; ``what`` went wrong after that."""
        if what is not None:
            self._journal.over(claim, what)
        if (logs := self._logs.pop(claim.which, None)) is not None:
            self.late_logs.append((claim, logs))


def _raised(payload: str) -> str | None:
    if not payload:
        return None
    error = json.loads(payload)["error"]
    return f"its function raised {error['type']}: {error['message']}"
