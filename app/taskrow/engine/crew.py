"""The runners of one worker: started, handed work, taken work back from, replaced when they die.

For each task that waits for another one there is one runner more (engine/waiting.py): else a worker
with one runner would wait for ever for a child.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from taskrow.engine.endings import COMMIT, TERMINATE, TIMEOUT
from taskrow.engine.handle import RunnerHandle
from taskrow.engine.messages import GRANTED, REFUSED
from taskrow.engine.pace import STUCK_SECONDS, Pace
from taskrow.storage.claims import Beaten, Claim

log = logging.getLogger("taskrow.worker")

_SLOWEST_START = 30.0
_SPARE_SECONDS = 30.0
MOST_WAITING = 16  # tasks of one worker that wait for others at once; each costs a process


class Crew:
    """All runners. Times are monotonic seconds; ``limit_of`` a name is its timeout."""

    def __init__(
        self,
        command: Sequence[str],
        size: int,
        shared_files: Sequence[int],
        limit_of: Callable[[str], float | None],
        commit_limit: float | None = None,
    ) -> None:
        self._command, self._size, self._shared_files = command, size, shared_files
        self._limit_of, self._commit_limit = limit_of, commit_limit
        self.handles: list[RunnerHandle] = []
        self.pace = Pace()
        self._failed_starts = 0
        self._start_at = 0.0

    def fill_up(self, now: float) -> None:
        """Start the runners that are missing; ever slower while they die before they are ready."""
        self._mind_spares(now)
        while self._missing() > 0 and now >= self._start_at:
            self.handles.append(RunnerHandle(self._command, self._shared_files, now))
            if self._failed_starts:
                self._start_at = now + min(_SLOWEST_START, 2.0**self._failed_starts)
                return

    def _missing(self) -> int:
        """How many runners there are too few; too many where it is negative."""
        at_work = [handle for handle in self.handles if handle.spare_since is None]
        return self._size + sum(handle.waits for handle in at_work) - len(at_work)

    def _mind_spares(self, now: float) -> None:
        """Runners beyond what is needed rest for a while (to start one is dear), then leave."""
        missing = self._missing()
        spares = [handle for handle in self.handles if handle.spare_since is not None]
        for handle in spares[: max(0, missing)]:
            handle.spare_since = None
        for handle in self._least_busy()[: max(0, -missing)]:
            handle.spare_since = now
            handle.recall()
        for handle in spares:
            idle = handle.spare_since is not None and not handle.in_flight
            if idle and now - (handle.spare_since or now) > _SPARE_SECONDS:
                handle.finish()

    def _least_busy(self) -> list[RunnerHandle]:
        at_work = [h for h in self.handles if h.spare_since is None and not h.waits]
        return sorted(at_work, key=lambda handle: len(handle.in_flight))

    def note_wait(self, handle: RunnerHandle) -> None:
        """What a runner runs wants to wait for another task: it may, unless too many do."""
        head = handle.in_flight[0]
        if sum(one.waits for one in self.handles) >= MOST_WAITING:
            handle.answer(head.seq, REFUSED)
            return
        handle.waits = True
        handle.recall()  # the task that it waits for may stand behind it
        handle.answer(head.seq, GRANTED)

    def capacity(self, now: float) -> int:
        """How many more tasks the runners can take."""
        return sum(self._room(handle, now) for handle in self.handles)

    def _room(self, handle: RunnerHandle, now: float) -> int:
        if not handle.ready or handle.gone or handle.killed:
            return 0
        if handle.waits or handle.spare_since is not None:
            return 0
        if handle.in_flight and now - handle.head_since > STUCK_SECONDS:
            return 0
        return max(0, self.pace.window() - len(handle.in_flight))

    def hand_out(self, claims: Sequence[Claim], now: float) -> list[Claim]:
        """Give each task to the runner that can take most; returns those that begin at once."""
        room = {handle: self._room(handle, now) for handle in self.handles}
        begun = []
        for claim in claims:
            handle = max(room, key=room.__getitem__)
            room[handle] -= 1
            handle.hand(claim, now)
            if claim.cancel_requested_at is not None:  # asked during an earlier attempt
                handle.cancel(claim.seq)
            begun += [claim] if len(handle.in_flight) == 1 else []
        for handle in room:
            handle.flush()
        return begun

    def take_back(self, now: float, *, everything: bool = False) -> None:
        """Ask stuck runners (or all) for what they have not started, so that others can run it."""
        for handle in self.handles:
            stuck = now - handle.head_since > STUCK_SECONDS
            if len(handle.in_flight) > 1 and not handle.recalled and (stuck or everything):
                handle.recall()

    def next_stuck(self) -> float | None:
        """When the next runner counts as stuck on a task with others behind it."""
        moments = [
            handle.head_since + STUCK_SECONDS
            for handle in self.handles
            if len(handle.in_flight) > 1 and not handle.recalled
        ]
        return min(moments, default=None)

    def next_overdue(self) -> float | None:
        """When the next task will have run, or committed, longer than it may."""
        return min((at for handle in self.handles for at, _ in self._limits(handle)), default=None)

    def kill_overdue(self, now: float) -> None:
        """End the runners of tasks that have run longer than they may."""
        for handle in self.handles:
            at, why = min(self._limits(handle), default=(now + 1, ""))
            if now >= at:
                handle.end_head(why)

    def _limits(self, handle: RunnerHandle) -> Iterator[tuple[float, str]]:
        """When what a runner runs must be over, and why."""
        if handle.killed or not handle.in_flight:
            return
        limit = self._limit_of(handle.in_flight[0].name)
        if limit is not None:
            yield handle.head_since + limit, TIMEOUT
        if self._commit_limit is not None and handle.committing_since is not None:
            yield handle.committing_since + self._commit_limit, COMMIT

    @property
    def is_busy(self) -> bool:
        """Whether any runner holds a task."""
        return any(handle.in_flight for handle in self.handles)

    def running(self) -> list[Claim]:
        """All claims that runners hold."""
        return [claim for handle in self.handles for claim in handle.in_flight]

    def dead(self) -> list[RunnerHandle]:
        """Runners that have ended, though a child that a task forked may keep their line open."""
        return [handle for handle in self.handles if handle.process.poll() is not None]

    def bury(self, handle: RunnerHandle, now: float) -> tuple[deque[Claim], str]:
        """Bury a runner that is gone, or has closed its line; returns what it held, and its end."""
        code = handle.close(patience=1.0)  # it may have closed its line and live on
        self.handles.remove(handle)
        self._failed_starts = 0 if handle.ready else self._failed_starts + 1
        if self._failed_starts:
            self._start_at = now + min(_SLOWEST_START, 2.0**self._failed_starts / 4)
            log.error("a runner could not start (%s): see its output above", _words(code))
        return handle.in_flight, f"the process that ran it {_words(code)}"

    def follow(self, beaten: Mapping[int, Beaten], now: datetime) -> None:
        """After a heartbeat: stop what was taken from this worker, and what was asked to stop."""
        self.cancel({seq: row.terminate for seq, row in beaten.items() if row.cancel}, now)
        for handle in self.handles:
            held = list(handle.in_flight)
            if handle.committing_since is not None or handle.has_committed:
                del held[:1]  # its row may be over already; if not, the fence tells it
            if any(c.seq not in beaten or beaten[c.seq].attempt != c.attempt for c in held):
                handle.kill()

    def cancel(self, asked: Mapping[int, bool], now: datetime) -> None:
        """Tell the tasks in these rows (seq) that they should stop; or stop them, where True."""
        for handle in self.handles if asked else []:
            for place, claim in enumerate(handle.in_flight):
                if claim.seq in asked and claim.cancel_requested_at is None:
                    handle.in_flight[place] = replace(claim, cancel_requested_at=now)
                    handle.cancel(claim.seq)
            if handle.in_flight and asked.get(handle.in_flight[0].seq) and not handle.killed:
                handle.end_head(TERMINATE)

    def kill_busy(self) -> None:
        """End every runner that holds a task; what it held is known when its end is heard."""
        for handle in self.handles:
            if handle.in_flight and not handle.killed:
                handle.kill()

    @property
    def is_ending(self) -> bool:
        """Whether all that hold a task have been ended, and their end is about to be heard."""
        return all(handle.killed for handle in self.handles if handle.in_flight)

    def dismiss(self) -> None:
        """Let all runners end; those that do not within a few seconds are ended."""
        for handle in self.handles:
            handle.finish()
        for handle in self.handles:
            handle.close(patience=5.0)
        self.handles.clear()


def _words(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
