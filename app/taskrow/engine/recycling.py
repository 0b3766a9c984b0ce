"""Which runners have served long enough, and which ones work while their successors start.

A runner gets at most ``max_tasks`` tasks, and then ends; its successor is started a little before.
One that has grown too big (it says so itself) works on until its successor can take over. There are
never more tasks at a time than without all this: a successor waits until its predecessor is idle.
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

    def at_work(self, handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
        """The runners that get tasks."""
        return _staying(handles)[: self._options.runners]

    def held_back(self, handles: Sequence[RunnerHandle]) -> dict[RunnerHandle, int]:
        """How many tasks the newest may hold for now, while others finish what they have."""
        threads = self._options.threads
        taken = sum(len(h.in_flight.running) for h in handles if h.leaving_since is not None)
        held_back = {}
        for handle in reversed(self.at_work(handles) if taken else []):
            held_back[handle] = max(0, threads - taken)
            taken -= threads
            if taken <= 0:
                break
        return held_back

    def missing(self, handles: Sequence[RunnerHandle]) -> int:
        """How many runners to start, successors among them."""
        lasting = [handle for handle in _staying(handles) if not self._is_near_its_end(handle)]
        return self._options.runners - len(lasting)

    def left(self, handle: RunnerHandle) -> int | None:
        """How many tasks a runner may still be given; None: as many as there are."""
        limit = self._options.max_tasks
        return None if limit is None else max(0, limit - handle.handed)

    def retire(self, handles: Sequence[RunnerHandle], now: float) -> None:
        """Let those end whose time has come; end those that do not."""
        spare = sum(handle.ready for handle in _staying(handles)[self._options.runners :])
        for handle in self.at_work(handles):
            if self.left(handle) == 0 or (handle.worn and spare > 0):
                spare -= 1
                handle.leave(now)
        for handle in handles:
            idle = handle.leaving_since is not None and not handle.in_flight
            if idle and not handle.killed and now - (handle.leaving_since or now) > _END_SECONDS:
                handle.kill()  # a thread that a task left behind would keep it for ever

    def _is_near_its_end(self, handle: RunnerHandle) -> bool:
        left = self.left(handle)
        if left is None or not handle.handed:
            return handle.worn
        return handle.worn or self._pace.seconds_for(left, self._options.threads) < _START_SECONDS


def _staying(handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
    return [handle for handle in handles if handle.leaving_since is None]
