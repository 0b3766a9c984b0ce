"""Bare sqlite3 on taskrow's own table: what is left when everything but the rows is taken away.

``delayed`` is the limit of any submit that commits each task by itself. ``drained`` is the limit of
any worker that does: one commit ends the last task and claims the next, with nothing run between.
A worker beats it only by serving several tasks with one commit.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bench.lane import Lane
from bench.ours import make_app, read_results
from taskrow.domain.ids import new_id
from taskrow.web.lookup import engine_of

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 2000",  # pages: 8 MiB between checkpoints, as in taskrow
)

_SUBMIT = """
INSERT INTO tasks (id, name, args, queue, priority, retries, crash_limit, status,
                   run_at, created_at)
VALUES (?, 'bench.lane.same', ?, 'default', 0, 0, 3, 'queued', ?, ?)
"""

_CLAIM = """
UPDATE tasks SET status = 'running', attempt = attempt + 1, worker = 'raw',
                 started_at = :now, lease_expires_at = :now
WHERE seq = (SELECT seq FROM tasks WHERE queue = 'default' AND status = 'queued'
             ORDER BY priority DESC, seq LIMIT 1)
RETURNING seq, attempt, args
"""

_FINISH = """
UPDATE tasks SET status = 'succeeded', result = :result, lease_expires_at = NULL,
                 finished_at = :now, purge_at = :now
WHERE seq = :seq AND attempt = :attempt AND worker = 'raw' AND status = 'running'
"""


class Raw(Lane):
    """One connection, one row a commit."""

    delayed, drained = "sqlite3, 1 row a commit", "sqlite3, 1 row a commit"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        _make_tables(self.file)
        self._rows = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            self._rows.execute(pragma).fetchall()
        self._now = "2026-11-21T07:00:00.000Z"

    def submit(self, number: int) -> str:
        task_id = new_id(datetime.now(UTC))
        args = f'{{"args": [{number}]}}'
        self._rows.execute(_SUBMIT, (task_id, args, self._now, self._now))
        return task_id

    def drain(self) -> float:
        began = time.perf_counter()
        ended = self._exchange(None)
        while ended is not None:
            ended = self._exchange(ended)
        return len(self.submitted) / (time.perf_counter() - began)

    def _exchange(self, ended: Mapping[str, object] | None) -> dict[str, object] | None:
        """One commit: end a task, claim the next. Returns how that one ends; None: no more."""
        self._rows.execute("BEGIN IMMEDIATE")
        if ended is not None:
            self._rows.execute(_FINISH, ended)
        claimed = self._rows.execute(_CLAIM, {"now": self._now}).fetchall()
        self._rows.execute("COMMIT")
        if not claimed:
            return None
        seq, attempt, args = claimed[0]
        result = json.dumps(json.loads(args)["args"][0])
        return {"seq": seq, "attempt": attempt, "result": result, "now": self._now}

    def results(self) -> dict[str, int]:
        return read_results(self.file)

    def pragma(self, name: str) -> object:
        return self._rows.execute(f"PRAGMA {name}").fetchone()[0]

    def close(self) -> None:
        """Nothing: there is no worker beside it."""


def _make_tables(file: Path) -> None:
    engine = engine_of(make_app(file)[0])
    with engine.database.read():
        pass
    engine.close()
