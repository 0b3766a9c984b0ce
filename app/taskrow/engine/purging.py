"""Delete finished rows, a small batch a transaction, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from taskrow.storage import upkeep
from taskrow.storage.database import Database

_AT_ONCE = 500


def purge(database: Database, *, now: datetime, older_than: timedelta | None = None) -> int:
    """Delete the finished rows whose time is up; returns how many.

    ``older_than``: whatever finished longer ago than that, instead.
    """
    delete, total = _batch(now, older_than), 0
    while True:
        deleted = database.write(delete)
        total += deleted
        if deleted < _AT_ONCE:
            return total


def _batch(now: datetime, older_than: timedelta | None) -> Callable[[Connection], int]:
    if older_than is None:
        return lambda connection: upkeep.purge(connection, now=now, limit=_AT_ONCE)
    before = now - older_than
    return lambda connection: upkeep.purge_older(connection, finished_before=before, limit=_AT_ONCE)
