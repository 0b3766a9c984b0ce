"""Rows that somebody holds in a transaction, while their worker has something to write there.

A person with ``SELECT ... FOR UPDATE``; a runner that was stopped in its own commit. What belongs
into such a row waits for it, and nothing else does: not the heartbeat, nor the ends of other tasks.
On SQLite a transaction holds the whole file, so there is nothing to be told apart.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING

from taskrow.storage.held_rows import find_held_rows

if TYPE_CHECKING:
    from taskrow.engine.intake import Intake
    from taskrow.storage.claims import Claim
    from taskrow.storage.database import Database

log = logging.getLogger("taskrow.worker")

_LOOK_AGAIN = 0.5  # seconds


class Holdups:
    """The rows that were found held. Times are monotonic seconds."""

    def __init__(self, database: Database, intake: Intake) -> None:
        self._database, self._intake = database, intake
        self._seqs: set[int] = set()
        self._look_at = 0.0

    def find(self, moment: float) -> bool:
        """After a lock timeout: whether it was for rows that can be left out."""
        if self._database.dialect == "sqlite":
            return False
        ended = [ending.claim for ending in self._intake.endings]
        noted = [claim for claim, _ in (*self._intake.late_logs, *self._intake.progress.unwritten)]
        self._look({claim.seq for claim in (*ended, *noted)}, moment)
        if self._seqs:
            log.warning(
                "somebody holds rows in a transaction, and what %d tasks have to say waits for it",
                len(self._seqs),
            )
        return bool(self._seqs)

    def _look(self, seqs: Collection[int], moment: float) -> None:
        with self._database.read() as connection:
            self._seqs = find_held_rows(connection, seqs)
        self._look_at = moment + _LOOK_AGAIN

    def pass_by(self, moment: float) -> tuple[int, int]:
        """How many endings and late logs an exchange may write: what must wait comes after them."""
        if self._seqs and moment >= self._look_at:
            self._look(self._seqs, moment)
        ended, late = self._intake.endings, self._intake.late_logs
        if not self._seqs:
            return len(ended), len(late)
        ended.sort(key=lambda ending: self._holds(ending.claim))
        late.sort(key=lambda entry: self._holds(entry[0]))
        self._intake.progress.put_off(self._holds, self._look_at)
        waits = sum(self._holds(e.claim) for e in ended), sum(self._holds(c) for c, _ in late)
        return len(ended) - waits[0], len(late) - waits[1]

    def forget(self) -> None:
        """Wait for all rows again."""
        self._seqs.clear()

    def _holds(self, claim: Claim) -> bool:
        """Whether the row of this claim is one of them."""
        return claim.seq in self._seqs

    def has_writable(self, moment: float) -> bool:
        """Whether something is unwritten that need not wait."""
        if not self._seqs or moment >= self._look_at:
            return self._intake.has_unwritten
        claims = [e.claim for e in self._intake.endings] + [c for c, _ in self._intake.late_logs]
        return not all(map(self._holds, claims))
