"""How long tasks usually run, from the running totals; asked often, so read seldom."""

from __future__ import annotations

import time
from datetime import datetime

from taskrow.storage.counts import usual_seconds
from taskrow.storage.database import Database

_FRESH = 5.0  # seconds


class History:
    """What a process remembers of the running totals."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float | None]] = {}

    def usual_seconds(self, database: Database, name: str, now: datetime) -> float | None:
        """How long tasks of this name ran on average lately; None: none has ended."""
        moment = time.monotonic()
        seen = self._seen.get(name)
        if seen is not None and moment - seen[0] < _FRESH:
            return seen[1]
        with database.read() as connection:
            usual = usual_seconds(connection, name, now=now)
        self._seen[name] = moment, usual
        return usual
