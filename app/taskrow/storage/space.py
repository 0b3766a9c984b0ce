"""Give free pages of the SQLite file back to the disk, a few at a time.

What is deleted leaves free pages in the file, which are used again before it grows. Many of them
are what a flood has left behind: those go. (PostgreSQL's autovacuum does as much.)
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

_INCREMENTAL = 2  # what PRAGMA auto_vacuum answers; a file that is not ours may have another mode
_KEPT = 1000  # pages that stay to be used again: 4 MB
_KEPT_SHARE = 10  # or one in so many


def has_space_to_give(connection: Connection) -> bool:
    """Whether the file has far more free pages than it will soon use again."""
    return connection.dialect.name == "sqlite" and _surplus(connection) > 0


def give_space_back(connection: Connection, *, pages: int) -> None:
    """Cut up to so many free pages off the file; it is smaller after the next checkpoint."""
    if (surplus := _surplus(connection)) > 0:
        # Each row of its (empty) answer is a page: it goes on as long as it is asked.
        connection.exec_driver_sql(f"PRAGMA incremental_vacuum({min(pages, surplus)})").all()


def _surplus(connection: Connection) -> int:
    if _ask(connection, "auto_vacuum") != _INCREMENTAL:
        return 0
    free = _ask(connection, "freelist_count")
    return free - max(_KEPT, (_ask(connection, "page_count") - free) // _KEPT_SHARE)


def _ask(connection: Connection, pragma: str) -> int:
    answer: Any = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar()
    return int(answer)
