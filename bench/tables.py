"""Task tables with millions of rows, made by SQL: to submit and run them would take all night."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bench.lanes.ours import create_app
from bench.remote import NoAnswer
from taskrow.web.lookup import engine_of

_AT_ONCE = 250_000
_BYTES_A_ROW = 450  # with its indexes, generously

# An id sorts by time as a real one does; its last digits are the row's number.
_ROWS = """
WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last)
INSERT INTO tasks (id, queue, name, status, priority, run_at, attempt, worker, args, result,
                   created_at, started_at, finished_at, purge_at)
SELECT printf('01a00000-%04x-7%03x-8000-%012x', n >> 12, n & 4095, n), 'default',
       'bench.tasks.same', :status, 0, :created, :attempt, :worker,
       printf('{"args": [%d]}', n), iif(:finished IS NULL, NULL, printf('%d', n)),
       :created, :finished, :finished, :purge
FROM numbers
"""

_FINISHED = {
    "status": "succeeded",
    "attempt": 1,
    "worker": "bench",
    "created": "2026-01-01T07:00:00.000Z",
    "finished": "2026-01-01T07:00:01.000Z",
    "purge": "2099-01-01T07:00:00.000Z",
}
_DUE = _FINISHED | {"purge": "2026-01-02T07:00:01.000Z"}
_WAITING = _FINISHED | {
    "status": "queued",
    "attempt": 0,
    "worker": None,
    "finished": None,
    "purge": None,
}
KINDS = {"finished": _FINISHED, "due": _DUE, "waiting": _WAITING}


def make_table(file: Path, kind: str, rows: int) -> Path:
    """A task database with so many rows, once; kinds: "finished", "due" (to be purged), "waiting".

    NoAnswer where the disk has no room for it.
    """
    if file.exists():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    needed = 2 * rows * _BYTES_A_ROW
    if shutil.disk_usage(file.parent).free < needed:
        raise NoAnswer(f"not measured: {rows:,} rows need {needed / 2**30:.1f} GiB of disk")
    print(f"making {rows:,} rows ({kind}) in {file.name}", file=sys.stderr, flush=True)
    partly = file.with_suffix(".partly")
    engine = engine_of(create_app(f"sqlite:///{partly}"))
    with engine.database.read():
        pass
    engine.close()
    _fill(partly, kind, rows)
    return partly.rename(file)


def _fill(file: Path, kind: str, rows: int) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -200000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        for first in range(1, rows + 1, _AT_ONCE):
            last = min(rows, first + _AT_ONCE - 1)
            connection.execute(_ROWS, KINDS[kind] | {"first": first, "last": last})
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
