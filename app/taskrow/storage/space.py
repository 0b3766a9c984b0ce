"""Give free pages of the SQLite file back to the disk, a few at a time.

What is deleted leaves free pages in the file, which are used again before it grows. Many of them
are what a flood has left behind: those go. (PostgreSQL's autovacuum does as much.)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from taskrow.storage.prepared import drive

_INCREMENTAL = 2  # what PRAGMA auto_vacuum answers; a file that is not ours may have another mode
_KEPT = 1000  # pages that stay to be used again: 4 MB
_KEPT_SHARE = 10  # or one in so many


def has_space_to_give(connection: Connection) -> bool:
    """Whether the file has far more free pages than it will soon use again."""
    return connection.dialect.name == "sqlite" and _surplus(connection) > 0


def give_space_back(connection: Connection, *, pages: int) -> None:
    """Cut up to so many free pages off the file; it is smaller after the next checkpoint."""
    for _ in range(min(pages, _surplus(connection))):
        # One by one: Python's driver steps no further, however many are asked for.
        drive(connection, "PRAGMA incremental_vacuum(1)")


def _surplus(connection: Connection) -> int:
    free, pages = _ask(connection, "freelist_count"), _ask(connection, "page_count")
    # Asked last: a connection that was there before the first table learns it with those.
    if _ask(connection, "auto_vacuum") != _INCREMENTAL:
        return 0
    return free - max(_KEPT, (pages - free) // _KEPT_SHARE)


def _ask(connection: Connection, pragma: str) -> int:
    answer: Any = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
    return int(answer)
