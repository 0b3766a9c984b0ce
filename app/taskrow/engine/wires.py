"""Wait on everything that can speak to a supervisor: runners, the doorbell, signals."""

from __future__ import annotations

import selectors
from collections.abc import Sequence

from taskrow.engine.handle import RunnerHandle

_READ, _WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


class Wires:
    """A selector that follows what there is to wait on."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._handles: dict[int, RunnerHandle] = {}

    def wait(
        self, patience: float, handles: Sequence[RunnerHandle], others: Sequence[int]
    ) -> list[RunnerHandle]:
        """Wait until something speaks, or ``patience`` seconds; returns the runners that do."""
        self._follow(handles, others)
        ready = [key.fd for key, _ in self._selector.select(patience)]
        return [self._handles[file] for file in ready if file in self._handles]

    def _follow(self, handles: Sequence[RunnerHandle], others: Sequence[int]) -> None:
        self._handles = {handle.fileno(): handle for handle in handles}
        wanted: dict[int, int] = dict.fromkeys(others, _READ)
        for file, handle in self._handles.items():
            wanted[file] = _READ | _WRITE if handle.wants_to_write else _READ
        known = self._selector.get_map()
        for stale in [file for file in known if file not in wanted]:
            self._selector.unregister(stale)
        for file, events in wanted.items():
            if file not in known:
                self._selector.register(file, events)
            elif known[file].events != events:
                self._selector.modify(file, events)

    def close(self) -> None:
        self._selector.close()
