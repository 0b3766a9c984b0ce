"""What runners say, or leave unsaid, becomes endings and progress that wait to be written."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.messages import (
    COMMITTED,
    COMMITTING,
    GOES_ON,
    OVER,
    PROGRESS,
    READY,
    RETURNED,
    UNCOMMITTED,
    WAITS,
    Report,
)
from taskrow.engine.progress import ProgressBook
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew
    from taskrow.engine.handle import RunnerHandle
    from taskrow.engine.journal import Journal
    from taskrow.engine.queue import QueueEngine


_MEANWHILE = (COMMITTING, COMMITTED, UNCOMMITTED, WAITS, GOES_ON)


class Intake:
    """Listens to the runners of one worker. ``endings`` and ``progress`` are not written yet."""

    def __init__(self, engine: QueueEngine, crew: Crew, journal: Journal) -> None:
        self._engine, self._crew, self._journal = engine, crew, journal
        self.endings: list[Ending] = []
        self.progress = ProgressBook()

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
        held, how = self._crew.bury(handle, moment)
        if not held:
            return
        seconds, last_word = moment - handle.head_since, self.progress.close(held[0])
        if handle.has_committed:
            self._journal.over(held[0], how)
        else:
            ending = self._ending_of_head(handle, held[0], how)
            self.endings.append(replace(ending, progress=last_word, seconds=seconds))
        self.release(list(held)[1:])

    def _ending_of_head(self, handle: RunnerHandle, head: Claim, how: str) -> Ending:
        now = self._engine.clock()
        if handle.ended_for is not None:
            blamed, why = handle.ended_for
            if (blamed.seq, blamed.attempt) == (head.seq, head.attempt):
                return endings.ended(self._engine, head, why, now)
        if handle.killed:
            return endings.interrupted(self._engine, head, now)
        return endings.lost(self._engine, head, how, now)

    def release(self, claims: list[Claim]) -> None:
        """Give claims back unharmed."""
        now = self._engine.clock()
        self.endings += [endings.released(self._engine, claim, now) for claim in claims]

    def _take_in(self, handle: RunnerHandle, report: Report) -> bool:
        if report.kind == PROGRESS:
            claim = handle.find(report)
            if claim is not None:
                self.progress.note(claim, report.payload)
            return False
        if report.kind == READY:
            return True
        if report.kind in _MEANWHILE:
            return handle.is_head(report) and self._meanwhile(handle, report)
        claim = handle.take(report, time.monotonic())
        if claim is not None:
            self._note_ending(claim, report)
            if handle.in_flight and report.kind != RETURNED:
                self._journal.started(handle.in_flight[0])
        return True

    def _meanwhile(self, handle: RunnerHandle, report: Report) -> bool:
        """What a running task says of itself beside its progress; whether others can run now."""
        if report.kind == WAITS:
            self._crew.note_wait(handle)
            return True
        if report.kind == GOES_ON:
            handle.waits = False
            return False
        moment = time.monotonic()
        handle.committing_since = moment if report.kind == COMMITTING else None
        if report.kind == COMMITTED:
            handle.has_committed = True
            self.progress.close(handle.in_flight[0])  # its last word went with the commit
            self._journal.committed(handle.in_flight[0], moment - handle.head_since)
        return False

    def _note_ending(self, claim: Claim, report: Report) -> None:
        if report.kind == RETURNED:
            self.release([claim])
            return
        if report.kind == OVER:
            self._crew.pace.note(report.ms / 1000)
            if report.payload:
                self._journal.over(claim, _raised(report.payload))
            return
        seconds = report.ms / 1000
        ending = endings.ending_of(self._engine, claim, report, self._engine.clock())
        last_word = self.progress.close(claim)
        self.endings.append(replace(ending, progress=last_word, seconds=seconds))
        self._crew.pace.note(seconds)


def _raised(payload: str) -> str:
    error = json.loads(payload)["error"]
    return f"its function raised {error['type']}: {error['message']}"
