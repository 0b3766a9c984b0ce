"""Column types that mean the same on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from taskrow.domain.times import from_text, to_milliseconds, to_text

UNREADABLE = datetime(9999, 1, 1, tzinfo=UTC)  # never due
BigInt = Integer().with_variant(BigInteger(), "postgresql")


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time in milliseconds: fixed-width text on SQLite, timestamptz on PostgreSQL.

    (SQLAlchemy's own DateTime drops the zone on SQLite without a word.)
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """That of :meth:`process_bind_param`, without a look at the dialect for each value."""
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return to_text(value) if dialect.name == "sqlite" else to_milliseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else as_time(value)


@lru_cache(maxsize=64)  # a moment is written in several places, and takes a microsecond in each
def _as_text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


def as_time(value: Any) -> datetime:
    """A time as the driver gives it; quickly, since each claim has one.

    A text that is no time, as after a flipped bit, is read as ``UNREADABLE``: a damaged row may not
    keep the others from their worker.
    """
    try:
        moment: datetime = from_text(value) if isinstance(value, str) else value
    except ValueError:
        return UNREADABLE
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)
