"""What SQLite's write-ahead log says: how many transactions it holds.

Only the database file itself must not be opened beside SQLite; the log may be read.
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER, _FRAME = 32, 24


def size(database: Path) -> int:
    """The bytes of the log; 0 where there is none."""
    log = log_of(database)
    return log.stat().st_size if log.exists() else 0


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def commits(database: Path) -> int:
    """The transactions that were committed since the log began: each ends with a marked frame."""
    if size(database) == 0:
        return 0
    data = log_of(database).read_bytes()
    page, salts = struct.unpack(">I", data[8:12])[0], data[16:24]
    frames = [data[at : at + _FRAME] for at in range(_HEADER, len(data), _FRAME + page)]
    return sum(frame[4:8] != b"\0\0\0\0" for frame in frames if frame[8:16] == salts)
