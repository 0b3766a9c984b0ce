"""How a store says that its commits reach the disk."""

from __future__ import annotations

from typing import Any

_FULL = 2  # what PRAGMA synchronous answers


def fsync_words(journal: object, synchronous: object) -> str:
    """What two PRAGMAs say; RuntimeError where a commit is not fsynced."""
    if synchronous != _FULL:
        raise RuntimeError(f"synchronous={synchronous}, so there is nothing to compare")
    return f"fsync on each commit ({journal}, synchronous=FULL)"


def postgres_words(connection: Any) -> str:
    """What two settings of PostgreSQL say, on a connection of psycopg."""
    names = ("fsync", "synchronous_commit")
    if any(connection.execute(f"SHOW {name}").fetchone()[0] != "on" for name in names):
        raise RuntimeError("fsync or synchronous_commit is off, so there is nothing to compare")
    return "fsync on each commit (PostgreSQL, synchronous_commit=on)"
