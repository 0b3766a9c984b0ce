"""``python -m bench.lanes.raw_purge FILE``: delete what may go, 500 rows a commit, and no more."""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path

from bench.lanes.raw_sql import connect, now_text

_PURGE = """
DELETE FROM tasks WHERE seq IN (
  SELECT seq FROM tasks WHERE finished_at IS NOT NULL AND purge_at <= ?
  ORDER BY purge_at LIMIT 500)
"""


def main(file: Path) -> None:
    """Delete, then cut off what is free."""
    rows = connect(file)
    while rows.execute(_PURGE, (now_text(),)).rowcount:
        pass
    while free := _free(rows):
        rows.execute("BEGIN IMMEDIATE")
        for _ in range(min(free, 1000)):
            rows.execute("PRAGMA incremental_vacuum(1)")  # a page: the driver takes one step
        rows.execute("COMMIT")
    rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _free(rows: sqlite3.Connection) -> int:
    return int(rows.execute("PRAGMA freelist_count").fetchone()[0])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
