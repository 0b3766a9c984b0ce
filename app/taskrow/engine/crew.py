"""The runners of one worker: started, handed work, taken work back from, replaced when they die."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter

from taskrow.engine.endings import COMMIT, TERMINATE, TIMEOUT
from taskrow.engine.flight import Held
from taskrow.engine.handle import RunnerHandle
from taskrow.engine.pace import STUCK_SECONDS, Pace
from taskrow.engine.recycling import Recycling
from taskrow.engine.spares import Spares
from taskrow.engine.worker_options import WorkerOptions
from taskrow.storage.claims import Attempt, Beaten, Claim

log = logging.getLogger("taskrow.worker")

_SLOWEST_START = 30.0


class Crew:
    """All runners. Times are monotonic seconds; ``limit_of`` a name is its timeout."""

    def __init__(
        self,
        options: WorkerOptions,
        worker: str,
        shared_files: Sequence[int],
        limit_of: Callable[[str], float | None],
        commit_limit: float | None = None,
    ) -> None:
        self._command, self._shared_files = options.full_runner_command(worker), shared_files
        self._threads = options.threads
        self._limit_of, self._commit_limit = limit_of, commit_limit
        self.handles: list[RunnerHandle] = []
        self.pace = Pace()
        self._recycling = Recycling(options, self.pace)
        self._spares = Spares(self._recycling, options.threads)
        self._failed_starts = 0
        self._start_at = 0.0

    def fill_up(self, now: float) -> None:
        """Start the runners that are missing; ever slower while they die before they are ready."""
        self._recycling.retire(self.handles, now)
        self._spares.mind(self.handles, now)
        while self._recycling.missing(self.handles) > 0 and now >= self._start_at:
            handle = RunnerHandle(self._command, self._shared_files, threads=self._threads)
            self.handles.append(handle)
            if self._failed_starts:
                self._start_at = now + min(_SLOWEST_START, 2.0**self._failed_starts)
                return

    def note_wait(self, handle: RunnerHandle, held: Held) -> None:
        """A task that a runner runs wants to wait for another one."""
        self._spares.note_wait(self.handles, handle, held)

    def capacity(self, now: float) -> int:
        """How many more tasks the runners can take."""
        return sum(self._rooms(now).values())

    def _rooms(self, now: float) -> dict[RunnerHandle, int]:
        at_work = self._recycling.at_work(self.handles)
        rooms = {handle: self._room(handle, now) for handle in at_work}
        for handle, most in self._recycling.held_back(self.handles).items():
            rooms[handle] = min(rooms[handle], max(0, most - len(handle.in_flight)))
        return rooms

    def _room(self, handle: RunnerHandle, now: float) -> int:
        if not handle.ready or handle.gone or handle.killed:
            return 0
        full_since = handle.in_flight.full_since()
        if full_since is not None and now - full_since > STUCK_SECONDS:
            return 0
        waits = handle.in_flight.waits  # they keep their threads
        room = max(0, self.pace.window(self._threads - waits) + waits - len(handle.in_flight))
        left = self._recycling.left(handle)
        return room if left is None else min(room, left)

    def seconds_in_stock(self) -> float:
        """How long every runner has enough to do; 0.0 where one has no more than it runs."""
        flights = [handle.in_flight for handle in self._recycling.at_work(self.handles)]
        if not all(flight.has_waiting for flight in flights):
            return 0.0
        fewest = min(map(len, flights), default=0)
        return self.pace.seconds_for(fewest, self._threads)

    def hand_out(self, claims: Sequence[Claim], now: float) -> list[Claim]:
        """Give each task to the runner that can take most; returns those that begin at once."""
        room, begun = self._rooms(now), []
        for claim in claims:
            handle = max(room, key=room.__getitem__)
            room[handle] -= 1
            if handle.hand(claim, now):
                begun.append(claim)
            if claim.cancel_requested_at is not None:  # asked during an earlier attempt
                handle.cancel(claim)
            if self._recycling.left(handle) == 0 and len(room) > 1:
                del room[handle]  # even where all of them have become full meanwhile
        for handle in self.handles:
            handle.flush()
        return begun

    def take_back(self, now: float, *, everything: bool = False) -> None:
        """Ask stuck runners (or all) for what they have not started, so that others can run it."""
        for handle in self.handles:
            if handle.in_flight.has_waiting and not handle.recalled:
                stuck = now - (handle.in_flight.full_since() or now) > STUCK_SECONDS
                if stuck or everything:
                    handle.recall()

    def next_stuck(self) -> float | None:
        """When the next runner counts as stuck with others behind what it runs."""
        moments = [
            (handle.in_flight.full_since() or 0.0) + STUCK_SECONDS
            for handle in self.handles
            if handle.in_flight.has_waiting and not handle.recalled
        ]
        return min(moments, default=None)

    def next_overdue(self) -> float | None:
        """When the next task will have run, or committed, longer than it may."""
        moments = (at for handle in self.handles for at, _, _ in self._limits(handle))
        return min(moments, default=None)

    def kill_overdue(self, now: float) -> None:
        """End the runners of tasks that have run longer than they may."""
        for handle in self.handles:
            for at, held, why in sorted(self._limits(handle), key=itemgetter(0)):
                if now >= at:
                    handle.end_for(held, why)

    def _limits(self, handle: RunnerHandle) -> Iterator[tuple[float, Held, str]]:
        """When what a runner runs must be over, and why."""
        for held in handle.in_flight.running if not handle.killed else []:
            limit = self._limit_of(held.claim.name)
            if limit is not None:
                yield (held.since or 0.0) + limit, held, TIMEOUT
            if self._commit_limit is not None and held.committing_since is not None:
                yield held.committing_since + self._commit_limit, held, COMMIT

    @property
    def is_busy(self) -> bool:
        """Whether any runner holds a task."""
        return any(handle.in_flight for handle in self.handles)

    def running(self) -> list[Claim]:
        """All claims that runners hold."""
        return [held.claim for handle in self.handles for held in handle.in_flight]

    def dead(self) -> list[RunnerHandle]:
        """Runners that have ended, though a child that a task forked may keep their line open."""
        return [handle for handle in self.handles if handle.process.poll() is not None]

    def bury(self, handle: RunnerHandle, now: float) -> str:
        """Bury a runner that is gone, or has closed its line; returns in words how it ended."""
        code = handle.close(patience=1.0)  # it may have closed its line and live on
        self.handles.remove(handle)
        self._failed_starts = 0 if handle.ready else self._failed_starts + 1
        if self._failed_starts:
            self._start_at = now + min(_SLOWEST_START, 2.0**self._failed_starts / 4)
            log.error("a runner could not start (%s): see its output above", _words(code))
        return f"the process that ran it {_words(code)}"

    def follow(self, beaten: Mapping[Attempt, Beaten], now: datetime) -> None:
        """After a heartbeat: stop what was taken from this worker, and what was asked to stop."""
        self.cancel({which: row.terminate for which, row in beaten.items() if row.cancel}, now)
        for handle in self.handles:
            if any(_is_taken(held, beaten) for held in handle.in_flight):
                handle.kill()

    def cancel(self, asked: Mapping[Attempt, bool], now: datetime) -> None:
        """Tell these attempts that they should stop; or stop them, where True."""
        for handle in self.handles if asked else []:
            for held in handle.in_flight:
                if held.claim.which in asked and held.claim.cancel_requested_at is None:
                    held.claim = replace(held.claim, cancel_requested_at=now)
                    handle.cancel(held.claim)
            for held in handle.in_flight.running:
                if asked.get(held.claim.which):
                    handle.end_for(held, TERMINATE)

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
            handle.leave(0.0)
        for handle in self.handles:
            handle.close(patience=5.0)
        self.handles.clear()


def _is_taken(held: Held, beaten: Mapping[Attempt, Beaten]) -> bool:
    """Whether another worker has it now; where its row may be over, the fence tells it."""
    return not held.may_be_over and held.claim.which not in beaten


def _words(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
