"""What lanes on taskrow's own SQLite table have in common: an outside reader, without taskrow."""

from __future__ import annotations

import json
import random
import sqlite3
from pathlib import Path
from typing import Any

from bench.lanes.lane import Lane, Spec

_COUNT_NEW = "SELECT count(*) FROM tasks WHERE seq > ?"
_WAITS = """
SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'queued')
    OR EXISTS (SELECT 1 FROM tasks WHERE status = 'running')
"""


class SqliteFile(Lane):
    """A lane whose rows are in ``tasks.db``."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.file = file_of(spec)
        self._outside: sqlite3.Connection | None = None
        self._after = self._last_seq() if "finished" in spec.options else 0

    def _last_seq(self) -> int:
        """What was there before: it is not looked at again, for a look must stay cheap."""
        return int(self.outside.execute("SELECT max(seq) FROM tasks").fetchone()[0] or 0)

    @property
    def outside(self) -> sqlite3.Connection:
        """A connection that belongs to no contender."""
        if self._outside is None:
            self._outside = sqlite3.connect(
                self.file, isolation_level=None, check_same_thread=False, timeout=30
            )
        return self._outside

    def ended(self) -> int:
        query = "SELECT count(*) FROM tasks WHERE finished_at IS NOT NULL"
        last: tuple[int, ...] = ()
        if self._after:
            query, last = f"{_COUNT_NEW} AND +finished_at IS NOT NULL", (self._after,)
        return int(self.outside.execute(query, last).fetchone()[0])

    def all_ended(self, _: int) -> bool:
        [waits] = self.outside.execute(_WAITS).fetchone()
        return not waits

    def results(self) -> dict[str, Any]:
        query = "SELECT id, result FROM tasks WHERE seq > ? AND +status = 'succeeded'"
        rows = self.outside.execute(query, (self._after,)).fetchall()
        return {task_id: json.loads(result) for task_id, result in rows}

    def some_ids(self, count: int) -> list[str]:
        """Ids of tasks from everywhere in the table."""
        [last] = self.outside.execute("SELECT max(seq) FROM tasks").fetchone()
        luck, query = random.Random(1), "SELECT id FROM tasks WHERE seq = ?"
        picked = (luck.randint(1, last) for _ in range(count))
        return [row[0] for seq in picked for row in self.outside.execute(query, (seq,))]

    def leave(self) -> None:
        """Close the outside reader."""
        if self._outside is not None:
            self._outside.close()
            self._outside = None


def file_of(spec: Spec) -> Path:
    """The database of a lane: one that was made before, or a fresh one in its directory."""
    return Path(spec.options.get("file") or spec.directory / "tasks.db")
