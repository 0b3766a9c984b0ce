"""Runners that stand in for tasks that wait for others (engine/waiting.py), and rest afterwards.

A task that waits keeps its thread and does nothing. When as many wait as a runner has threads,
there is one runner more: else a worker with one runner would wait for ever for a child.
"""

from __future__ import annotations

from collections.abc import Sequence

from taskrow.engine.flight import Held
from taskrow.engine.handle import RunnerHandle
from taskrow.engine.messages import GRANTED, REFUSED
from taskrow.engine.recycling import Recycling

_REST_SECONDS = 30.0
MOST_WAITING = 16  # runners' worth of tasks that wait for others at once; each costs a process


class Spares:
    """Looks at the runners of one crew. Times are monotonic seconds."""

    def __init__(self, recycling: Recycling, threads: int) -> None:
        self._recycling, self._threads = recycling, threads

    def mind(self, handles: Sequence[RunnerHandle], now: float) -> None:
        """Runners beyond what is needed rest for a while (to start one is dear), then leave."""
        missing = self._recycling.missing(handles)
        resting = _resting(handles)
        fit = [handle for handle in resting if not self._recycling.is_near_its_end(handle)]
        for handle in fit[: max(0, missing)]:
            handle.spare_since = None
        for handle in self._least_busy(handles)[: max(0, -missing)]:
            handle.spare_since = now
            handle.recall()
        for handle in resting:
            idle = handle.spare_since is not None and not handle.in_flight
            if idle and now - (handle.spare_since or now) > _REST_SECONDS:
                handle.leave(now)

    def _least_busy(self, handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
        free = [h for h in self._recycling.lasting(handles) if not h.in_flight.waits]
        newest_first = reversed(free)  # of those that are idle, successors before whom they succeed
        return sorted(newest_first, key=lambda handle: len(handle.in_flight))

    def note_wait(self, handles: Sequence[RunnerHandle], handle: RunnerHandle, held: Held) -> None:
        """A task wants to wait for another one: it may, unless too many do."""
        waits = sum(one.in_flight.waits for one in handles)
        if waits >= MOST_WAITING * self._threads:
            handle.answer(held.claim, REFUSED)
            return
        held.waits = True
        handle.recall()  # the task that it waits for may stand behind it
        handle.answer(held.claim, GRANTED)


def _resting(handles: Sequence[RunnerHandle]) -> list[RunnerHandle]:
    return [h for h in handles if h.spare_since is not None and h.leaving_since is None]
