"""Claims that were committed, but whose news was lost on the way: nobody runs them.

Their worker lives, so its heartbeat would keep them for ever. They are known by it: a row that runs
for this worker in two heartbeats, and is in nobody's hands in either.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from taskrow.storage import claims
from taskrow.storage.claims import Attempt, Claim

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


class Strays:
    """Finds the claims of one worker that it does not know of."""

    def __init__(self, engine: QueueEngine, worker: str) -> None:
        self._engine, self._worker = engine, worker
        self._before: set[Attempt] = set()

    def find(self, beaten: Collection[Attempt], known: Collection[Attempt]) -> list[Claim]:
        """Those that a heartbeat found for the second time; ``known`` are in somebody's hands."""
        found = {which for which in beaten if which not in known}
        again, self._before = found & self._before, found
        if not again:
            return []
        with self._engine.database.read() as connection:
            running = claims.running_here(connection, worker=self._worker)
        return [claim for claim in running if claim.which in again]
