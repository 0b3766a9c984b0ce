"""Which runners have served long enough, and which ones work while their successors start.

A runner gets at most ``max_tasks`` tasks, and then ends; its successor is started a little before.
One that has grown too big (it says so itself) works on until its successor can take over. There are
never more tasks at a time than without all this: a successor waits until its predecessor is idle.
Tasks that wait for others do not count: somebody must run those (engine/spares.py).
"""

from __future__ import annotations

from collections.abc import Sequence

from taskrow.engine.handle import RunnerHandle
from taskrow.engine.pace import Pace
from taskrow.engine.worker_options import WorkerOptions

_START_SECONDS = 2.0  # in which a successor is surely ready
_END_SECONDS = 5.0  # that a runner with nothing left to do may take to end


class Recycling:
    """Looks at the runners of one crew, oldest first. Times are monotonic seconds."""

    def __init__(self, options: WorkerOptions, pace: Pace) -> None:
        self._options, self._pace = options, pace

    def needed(self, handles: Sequence[RunnerHandle]) -> int:
        """How many runners are to be at work: one more for so many waits as one has threads."""
        waits = sum(handle.in_flight.waits for handle in _staying(handles))
        return self._options.runners + waits // self._options.threads

    def at_work(self, handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
        """The runners that get tasks."""
        return _staying(handles)[: self.needed(handles)]

    def held_back(self, handles: Sequence[RunnerHandle]) -> dict[RunnerHandle, int]:
        """How many tasks the newest may hold for now, while others finish what they have."""
        threads = self._options.threads
        leaving = [handle.in_flight for handle in handles if handle.leaving_since is not None]
        taken = sum(len(flight.running) - flight.waits for flight in leaving)
        held_back = {}
        for handle in reversed(self.at_work(handles) if taken else []):
            held_back[handle] = max(0, threads - taken)
            taken -= threads
            if taken <= 0:
                break
        return held_back

    def missing(self, handles: Sequence[RunnerHandle]) -> int:
        """How many runners there are too few, successors among them; negative: too many."""
        return self.needed(handles) - len(self.lasting(handles))

    def lasting(self, handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
        """The runners at work that need no successor yet."""
        return [handle for handle in _staying(handles) if not self.is_near_its_end(handle)]

    def left(self, handle: RunnerHandle) -> int | None:
        """How many tasks a runner may still be given; None: as many as there are."""
        limit = self._options.max_tasks
        return None if limit is None else max(0, limit - handle.handed)

    def retire(self, handles: Sequence[RunnerHandle], now: float) -> None:
        """Let those end whose time has come; end those that do not."""
        successors = sum(handle.ready for handle in _staying(handles)[self.needed(handles) :])
        for handle in self.at_work(handles):
            if self.left(handle) == 0 or (handle.worn and successors > 0):
                successors -= 1
                handle.leave(now)
        for handle in handles:
            idle = handle.leaving_since is not None and not handle.in_flight
            if idle and not handle.killed and now - (handle.leaving_since or now) > _END_SECONDS:
                handle.kill()  # a thread that a task left behind would keep it for ever

    def is_near_its_end(self, handle: RunnerHandle) -> bool:
        """Whether its successor should be started now."""
        left = self.left(handle)
        if left is None or not handle.handed:
            return handle.worn
        return handle.worn or self._pace.seconds_for(left, self._options.threads) < _START_SECONDS


def _staying(handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
    return [h for h in handles if h.leaving_since is None and h.spare_since is None]
