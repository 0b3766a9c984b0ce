"""Whether a pooled PostgreSQL connection still lives, without asking the server each time.

A server that ends a connection says so, and what it says lies in the socket: a look there takes a
microsecond, where SQLAlchemy's own ``pool_pre_ping`` pays a round trip, half of what a submit
takes. Only who has something to say, or has lain so long that a firewall may have forgotten it, is
asked.
"""

from __future__ import annotations

import select
import time
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

_USED_AT = "taskrow.used_at"
_LONG = 10.0  # seconds


def look_for_life(engine: Engine) -> None:
    """Have the connections of a pool looked at before they are used, and replaced when dead."""

    def come_back(_: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    def go_out(raw: Any, record: Any, _: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None:  # it has just been opened
            return
        if time.monotonic() - used_at > _LONG or _has_news(raw):
            try:
                engine.dialect.do_ping(raw)
            except psycopg.Error as error:
                raise InvalidatePoolError from error  # a new one is opened, here and for all others

    event.listen(engine, "checkin", come_back)
    event.listen(engine, "checkout", go_out)


def _has_news(raw: Any) -> bool:
    """Whether something was received that nobody asked for: a last word, usually."""
    if raw.closed:
        return True
    if not hasattr(select, "poll"):  # on Windows, where select has no limit
        return bool(select.select([raw], [], [], 0)[0])
    poll = select.poll()
    poll.register(raw, select.POLLIN)
    return bool(poll.poll(0))
