"""The workers table, for people to read."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from taskrow.storage import workers
from taskrow.storage.database import Database
from taskrow.storage.tables import workers as table
from tests.storage.rows import NOW, SECOND


def shown(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as connection:
        return {row["id"]: dict(row) for row in connection.execute(select(table)).mappings()}


def test_a_worker_is_shown_from_its_start_to_its_end(database: Database) -> None:
    for worker in ("one", "two"):
        database.write(
            lambda c, w=worker: workers.register(c, w, queues="mail, all", runners=2, now=NOW)  # type: ignore[misc]
        )
    database.write(lambda c: workers.seen(c, "one", now=NOW + SECOND))
    one = {"id": "one", "queues": "mail, all", "runners": 2, "started_at": NOW}
    assert shown(database)["one"] == one | {"last_seen_at": NOW + SECOND, "stopped_at": None}
    database.write(lambda c: workers.sign_off(c, "one", now=NOW + 2 * SECOND))
    late = NOW + 2 * SECOND
    assert shown(database)["one"] == one | {"last_seen_at": late, "stopped_at": late}
    assert shown(database)["two"] == one | {"id": "two", "last_seen_at": NOW, "stopped_at": None}


def test_a_worker_that_nobody_knows_changes_nothing(database: Database) -> None:
    database.write(lambda c: workers.seen(c, "nobody", now=NOW))
    database.write(lambda c: workers.sign_off(c, "nobody", now=NOW))
    assert shown(database) == {}


def test_workers_that_nobody_has_seen_for_long_are_forgotten(database: Database) -> None:
    for worker, seen_at in (("old", NOW), ("new", NOW + SECOND)):
        database.write(
            lambda c, w=worker, at=seen_at: workers.register(c, w, queues="", runners=1, now=at)  # type: ignore[misc]
        )
    database.write(lambda c: workers.forget(c, before=NOW + SECOND))
    assert set(shown(database)) == {"new"}
