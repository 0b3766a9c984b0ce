"""Who is measured: each contender with its lane, its settings and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Contender:
    """One line of a table. ``share``: of the tasks of a row, for one that would take all night."""

    name: str
    title: str
    lane: str
    peer: str | None = None  # whose environment it runs in; None: our own
    server: str | None = None  # "redis", "redis-aof" or "postgres"
    options: Mapping[str, Any] = field(default_factory=dict)
    share: float = 1.0


CONTENDERS = (
    Contender("taskrow", "taskrow, 2 runners", "ours", options={"runners": 2}),
    Contender("taskrow-1", "taskrow, 1 runner", "ours", options={"runners": 1}),
    Contender("raw", "sqlite3, 1 row a commit", "raw", options={"batch": 1}),
    Contender("raw-100", "sqlite3, 100 rows a commit", "raw", options={"batch": 100}),
)
BY_NAME = {contender.name: contender for contender in CONTENDERS}
