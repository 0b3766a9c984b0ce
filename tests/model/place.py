"""The real tables that a life is lived in: one database, emptied before each."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from sqlalchemy import text

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.engine.clock import DrivenClock
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage import sqlite
from taskrow.storage.sqlite import _WRITER_PRAGMAS
from taskrow.storage.tables import metadata
from tests.model.oracle import KEPT

NAME = "work"
LEASE = timedelta(seconds=30)
_BEGIN = datetime(2026, 11, 21, 7, tzinfo=UTC)
_EMPTY = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]


class Place:
    """An engine on a database, with a clock that is turned, and a table of the users' own."""

    def __init__(self, url: str) -> None:
        self.clock = DrivenClock(_BEGIN)
        settings = Settings(
            database_url=url,
            lease=LEASE.total_seconds(),
            heartbeat=5.0,
            retention=KEPT["succeeded"].total_seconds(),
            retention_failed=KEPT["failed"].total_seconds(),
            min_free_space=0,
        )
        self.engine = QueueEngine(settings, _registry(), clock=self.clock)
        self.database = self.engine.database
        self._run("CREATE TABLE IF NOT EXISTS effects (task TEXT NOT NULL, attempt INTEGER)")

    def begin(self) -> None:
        """Empty all tables, and set the clock back."""
        self.clock.now = _BEGIN
        self._run(*_EMPTY, "DELETE FROM effects")

    def _run(self, *statements: str) -> None:
        self.database.write(lambda c: [c.execute(text(one)) for one in statements])

    def close(self) -> None:
        self.engine.close()


def _registry() -> Registry:
    def work() -> None: ...

    registry = Registry()
    function: TaskFunction[..., None] = TaskFunction(
        work, name=NAME, bind=False, options=TaskOptions(), find_engine=_no_engine
    )
    registry.add(NAME, function)
    return registry


def _no_engine() -> QueueEngine:
    raise AssertionError("nothing is called in the model")


@contextmanager
def open_place(url: str) -> Iterator[Place]:
    """A place; without a log of all that goes wrong in it, and without fsync: no power is cut."""
    logger = logging.getLogger("taskrow")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    unsynced = [one.replace("synchronous = FULL", "synchronous = OFF") for one in _WRITER_PRAGMAS]
    try:
        with patch.object(sqlite, "_WRITER_PRAGMAS", unsynced), closing(Place(url)) as place:
            yield place
    finally:
        logger.setLevel(level)
