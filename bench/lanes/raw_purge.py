"""``python -m bench.lanes.raw_purge FILE``: delete what may go, 500 rows a commit, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.lanes.raw_sql import connect, now_text

_PURGE = """
DELETE FROM tasks WHERE seq IN (
  SELECT seq FROM tasks WHERE finished_at IS NOT NULL AND purge_at <= ?
  ORDER BY purge_at LIMIT 500)
"""

if __name__ == "__main__":
    rows = connect(Path(sys.argv[1]))
    while rows.execute(_PURGE, (now_text(),)).rowcount:
        pass
    rows.execute("PRAGMA incremental_vacuum").fetchall()
    rows.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
