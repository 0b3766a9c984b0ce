"""Wait on everything that can speak to a supervisor: runners, the doorbell, signals."""

from __future__ import annotations

import select
import selectors
from collections.abc import Sequence

from taskrow.engine.handle import RunnerHandle

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
_SHORT = 0.010  # seconds, in which half a millisecond more or less matters
_SELECTABLE = 1024  # files that select(2) knows


class Wires:
    """A selector that follows what there is to wait on."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def wait(
        self, patience: float, handles: Sequence[RunnerHandle], others: Sequence[int]
    ) -> list[RunnerHandle]:
        """Wait until something speaks, or ``patience`` seconds; returns the runners that do."""
        self._follow(handles, others)
        if 0 < patience < _SHORT:
            patience = self._wait_exactly(patience)
        ready = [key.data for key, _ in self._selector.select(patience)]
        return [speaker for speaker in ready if speaker is not None]

    def _wait_exactly(self, patience: float) -> float:
        """Wait, and return what is left to wait: epoll counts in milliseconds, and rounds up."""
        if not isinstance(self._selector, selectors.EpollSelector):
            return patience
        if self._selector.fileno() >= _SELECTABLE:
            return patience
        select.select([self._selector], [], [], patience)
        return 0.0

    def _follow(self, handles: Sequence[RunnerHandle], others: Sequence[int]) -> None:
        wanted: dict[int, tuple[int, RunnerHandle | None]] = dict.fromkeys(others, (_READ, None))
        for handle in handles:
            wanted[handle.fileno()] = (_READ | _WRITE * handle.wants_to_write, handle)
        for key in list(self._selector.get_map().values()):
            # The number of a file that was closed may belong to another one by now.
            if key.fd not in wanted or wanted[key.fd][1] is not key.data:
                self._selector.unregister(key.fd)
        known = self._selector.get_map()
        for file, (events, speaker) in wanted.items():
            if file not in known:
                self._selector.register(file, events, speaker)
            elif known[file].events != events:
                self._selector.modify(file, events, speaker)

    def close(self) -> None:
        self._selector.close()
