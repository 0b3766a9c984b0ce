"""What lanes on taskrow's own tables in PostgreSQL have in common: an outside reader."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import psycopg

from bench.lanes.lane import Lane

_WAITS = """
SELECT EXISTS (SELECT 1 FROM tasks WHERE status = 'queued')
    OR EXISTS (SELECT 1 FROM tasks WHERE status = 'running')
"""


class PostgresLane(Lane):
    """A lane whose rows are in a PostgreSQL database."""

    packages = ("psycopg",)

    @cached_property
    def outside(self) -> Any:
        """A connection that belongs to no contender."""
        return connect(self.spec.url)

    def ended(self) -> int:
        query = "SELECT count(*) FROM tasks WHERE finished_at IS NOT NULL"
        return int(self.outside.execute(query).fetchone()[0])

    def all_ended(self, _: int) -> bool:
        return not self.outside.execute(_WAITS).fetchone()[0]

    def results(self) -> dict[str, Any]:
        query = "SELECT id, result FROM tasks WHERE status = 'succeeded'"
        rows = self.outside.execute(query).fetchall()
        return {task_id: json.loads(result) for task_id, result in rows}

    def rest(self) -> None:
        """Nothing: a server takes as many as come."""


def connect(url: str) -> Any:
    """A connection of the driver alone."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
