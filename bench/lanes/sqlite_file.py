"""What lanes on taskrow's own SQLite table have in common: an outside reader, without taskrow."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from bench.lanes.lane import Lane, Spec

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

    @property
    def outside(self) -> sqlite3.Connection:
        """A connection that belongs to no contender."""
        if self._outside is None:
            self._outside = sqlite3.connect(
                self.file, isolation_level=None, check_same_thread=False, timeout=30
            )
        return self._outside

    def ended(self) -> int:
        [count] = self.outside.execute(
            "SELECT count(*) FROM tasks WHERE finished_at IS NOT NULL"
        ).fetchone()
        return int(count) - int(self.spec.options.get("finished", 0))

    def all_ended(self, _: int) -> bool:
        [waits] = self.outside.execute(_WAITS).fetchone()
        return not waits

    def results(self) -> dict[str, Any]:
        rows = self.outside.execute(
            "SELECT id, result FROM tasks WHERE status = 'succeeded'"
        ).fetchall()
        return {task_id: json.loads(result) for task_id, result in rows}

    def leave(self) -> None:
        """Close the outside reader."""
        if self._outside is not None:
            self._outside.close()
            self._outside = None


def file_of(spec: Spec) -> Path:
    """The database of a lane: one that was made before, or a fresh one in its directory."""
    return Path(spec.options.get("file") or spec.directory / "tasks.db")
