"""What runners say, or leave unsaid, becomes endings and progress that wait to be written."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.messages import LOGS, PROGRESS, READY, RETURNED, WORN, Report
from taskrow.engine.progress import ProgressBook
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew
    from taskrow.engine.flight import Held
    from taskrow.engine.handle import RunnerHandle
    from taskrow.engine.journal import Journal
    from taskrow.engine.queue import QueueEngine


class Intake:
    """Listens to the runners of one worker. ``endings`` and ``progress`` are not written yet."""

    def __init__(self, engine: QueueEngine, crew: Crew, journal: Journal) -> None:
        self._engine, self._crew, self._journal = engine, crew, journal
        self.endings: list[Ending] = []
        self.progress = ProgressBook()
        self._logs: dict[int, str] = {}  # of tasks that run, by seq: what they have sent so far

    def hear(self, handle: RunnerHandle) -> bool:
        """Take in what a runner says; returns whether it can take more tasks than before."""
        handle.flush()
        freed = [self._take_in(handle, report) for report in handle.receive()]
        if handle.gone:
            self.bury(handle)
        return any(freed)

    def bury(self, handle: RunnerHandle) -> None:
        """A runner is gone: what it ran ends so, what it had not begun goes back unharmed."""
        moment = time.monotonic()
        how = self._crew.bury(handle, moment)
        for held in handle.in_flight.running:
            self._close(self._ending_of_lost(handle, held, how), moment - (held.since or moment))
        self.release([held.claim for held in handle.in_flight.waiting])

    def _ending_of_lost(self, handle: RunnerHandle, held: Held, how: str) -> Ending:
        now = self._engine.clock()
        if held is handle.overdue:
            return endings.overdue(self._engine, held.claim, now)
        if handle.overdue is not None:
            why = "another task in the threads of its runner ran longer than its timeout"
            return endings.interrupted(self._engine, held.claim, why, now)
        if handle.killed:
            return endings.interrupted(self._engine, held.claim, "its worker was stopped", now)
        return endings.lost(self._engine, held.claim, how, now)

    def release(self, claims: list[Claim]) -> None:
        """Give claims back unharmed."""
        self.endings += [endings.released(claim) for claim in claims]

    def _take_in(self, handle: RunnerHandle, report: Report) -> bool:
        if report.kind == READY:
            return True
        if report.kind == WORN:
            handle.worn = True
            return False
        held = handle.find(report)
        if held is None:
            return report.kind not in (PROGRESS, LOGS)
        if report.kind in (PROGRESS, LOGS):
            self._note_news(held.claim, report)
            return False
        self._take(handle, held, report)
        return True

    def _note_news(self, claim: Claim, report: Report) -> None:
        if report.kind == LOGS:
            self._logs[claim.seq] = json.loads(report.payload)
        else:
            self.progress.note(claim, report.payload)

    def _take(self, handle: RunnerHandle, held: Held, report: Report) -> None:
        """A runner has done with a task, or gives it back."""
        ran = report.kind != RETURNED
        begins = handle.drop(held, time.monotonic(), ran=ran)
        if not ran:
            self.release([held.claim])
            return
        ending = endings.ending_of(self._engine, held.claim, report, self._engine.clock())
        self._close(ending, report.ms / 1000)
        self._crew.pace.note(report.ms / 1000)
        if begins is not None:
            self._journal.started(begins.claim)

    def _close(self, ending: Ending, seconds: float) -> None:
        """An attempt is over: what it said last goes with its end."""
        last_word, logs = self.progress.close(ending.claim), self._logs.pop(ending.claim.seq, None)
        self.endings.append(replace(ending, progress=last_word, logs=logs, seconds=seconds))
