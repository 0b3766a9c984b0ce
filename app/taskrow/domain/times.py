"""UTC times as people and SQLite read them: text of one fixed width, in milliseconds.

One width everywhere, because SQLite compares text: `2026-11-21T07:00:00.000Z` sorts as time does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_WIDTH = len("2026-11-21T07:00:00.000")


@lru_cache(maxsize=64)  # one moment is written in several places, and takes a microsecond in each
def to_text(moment: datetime) -> str:
    """Write an aware time as ``2026-11-21T07:00:00.000Z``. ValueError for a naive time."""
    if moment.tzinfo is not UTC:
        if moment.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {moment!r}")
        moment = moment.astimezone(UTC)
    return moment.isoformat("T", "milliseconds")[:_WIDTH] + "Z"


def from_text(text: str) -> datetime:
    """Read what :func:`to_text` wrote."""
    return datetime.fromisoformat(text)


def to_milliseconds(moment: datetime) -> datetime:
    """Cut a time to the precision that is stored, so that what is read equals what was written."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
