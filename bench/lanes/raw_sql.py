"""The statements of taskrow's hot paths, as one would write them for sqlite3 by hand."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 2000",  # pages: 8 MiB between checkpoints, as in taskrow
)

SUBMIT = """
INSERT INTO tasks (id, name, args, queue, priority, retries, crash_limit, status,
                   run_at, created_at)
VALUES (?, ?, ?, 'default', 0, 0, 3, 'queued', ?, ?)
"""

CLAIM = """
UPDATE tasks SET status = 'running', attempt = attempt + 1, worker = 'raw',
                 started_at = :now, lease_expires_at = :now
WHERE seq IN (SELECT seq FROM tasks WHERE queue = 'default' AND status = 'queued'
              ORDER BY priority DESC, seq LIMIT :most)
RETURNING seq, attempt, name, args
"""

FINISH = """
UPDATE tasks SET status = 'succeeded', result = :result, lease_expires_at = NULL,
                 finished_at = :now, purge_at = :purge_at
WHERE seq = :seq AND attempt = :attempt AND worker = 'raw' AND status = 'running'
"""

COUNT = """
INSERT INTO task_counts (day, queue, name, status, n)
VALUES (:day, 'default', 'raw', 'succeeded', :n)
ON CONFLICT (day, queue, name, status) DO UPDATE SET n = n + excluded.n
"""

READ = "SELECT * FROM tasks WHERE id = ?"


def connect(file: Path) -> sqlite3.Connection:
    """A connection that writes; SQLite's own busy handler waits for its turns."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    for pragma in PRAGMAS:
        connection.execute(pragma).fetchall()
    return connection


def now_text() -> str:
    """The time as taskrow writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def purge_text() -> str:
    """When what ends now may go."""
    later = datetime.now(UTC) + timedelta(days=1)
    return later.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def encode(args: tuple[Any, ...]) -> str:
    """Arguments as a row has them."""
    return json.dumps({"args": args}, separators=(",", ":"))
