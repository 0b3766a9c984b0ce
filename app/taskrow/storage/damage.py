"""Texts in an SQLite file that are none any more, since one flipped bit in eight leaves no UTF-8.

The driver gives nothing of a row with such a text. It is asked a second time then, to put a sign
(U+FFFD) in the place of what it cannot read: a damaged task may not keep the others from their
worker, and can be looked at. Not the first time: that would be a call for each text of each row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

T = TypeVar("T")

_decode = partial(str, encoding="utf-8", errors="replace")


def is_undecodable(error: Exception) -> bool:
    """Whether the driver of SQLite says (by way of SQLAlchemy, or itself) that a text is none."""
    return str(getattr(error, "orig", error)).startswith("Could not decode to UTF-8")


@contextmanager
def reading_signs(driver: Any) -> Iterator[None]:
    """Have a connection of the driver read what is no UTF-8 too."""
    usual, driver.text_factory = driver.text_factory, _decode
    try:
        yield
    finally:
        driver.text_factory = usual


def with_signs(work: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """The same work on rows of which some text is no UTF-8."""

    def work_on(connection: Connection) -> T:
        with reading_signs(connection.connection.dbapi_connection):
            return work(connection)

    return work_on


def despite_damage(look: Callable[[Connection], T]) -> Callable[[Connection], T]:
    """The same look at many rows, taken once more with signs where some text is none."""

    @wraps(look)
    def look_twice(connection: Connection) -> T:
        try:
            return look(connection)
        except OperationalError as error:
            if not is_undecodable(error):
                raise
        return with_signs(look)(connection)

    return look_twice
