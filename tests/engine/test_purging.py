"""A purge goes in small steps with rests between them, and gives the space back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from taskrow.engine.portion import Portion
from taskrow.engine.purging import Purge, purge_of
from taskrow.engine.queue import QueueEngine
from taskrow.storage import space
from taskrow.storage.database import Database
from taskrow.storage.sqlite import SqliteDatabase
from tests.storage.rows import NOW, PURGE_AT, SECOND, add, put, put_finished

Steps = Callable[[Purge], list[int]]


def how_many(database: Database) -> int:
    with database.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one())


def deleted_by_step(purge: Purge) -> list[int]:
    """How many rows each step deletes, but the last, which finds nothing to do."""
    found: list[int] = []
    while (rest := purge.step()) is not None:
        assert rest > 0
        found.append(purge.deleted - sum(found))
    return found


def test_a_step_deletes_a_few_rows_and_then_it_rests(database: Database) -> None:
    put_finished(database, [NOW] * 120 + [PURGE_AT])
    steps = deleted_by_step(purge_of(database, now=NOW))
    assert sum(steps) == 120
    assert steps[0] == 50
    assert how_many(database) == 1


def refer_to(database: Database, ids: list[str]) -> None:
    """A table of the user's, which keeps the rows to which it refers."""

    def make(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE orders (task_id TEXT REFERENCES tasks (id))")
        connection.execute(text("INSERT INTO orders VALUES (:id)"), [{"id": one} for one in ids])

    database.write(make)


@pytest.mark.parametrize("older_than", [None, timedelta(0)])
def test_rows_to_which_other_tables_refer_stay_and_the_others_go(
    database: Database, older_than: timedelta | None
) -> None:
    ids = put_finished(database, [NOW] * 120)
    refer_to(database, ids[::40])
    purge = purge_of(database, now=NOW + SECOND, older_than=older_than)
    assert purge.run() == 117
    assert (len(purge.kept), how_many(database)) == (3, 3)


def test_older_rows_are_found_by_walking_over_all(database: Database) -> None:
    put_finished(database, [PURGE_AT] * 60)
    add(database)
    put(database, [{"status": "failed", "finished_at": NOW + SECOND, "purge_at": PURGE_AT}] * 3)
    put_finished(database, [PURGE_AT] * 60)
    later, second = NOW + timedelta(seconds=30), timedelta(seconds=29.5)
    assert purge_of(database, now=later, older_than=second).run() == 120
    assert how_many(database) == 4
    assert purge_of(database, now=later, older_than=timedelta(0)).run() == 3


def test_how_much_is_done_at_once_follows_from_how_long_it_takes() -> None:
    portion = Portion(0.002)
    portion.learn(50, 0.001)
    assert portion.size == 76
    portion.learn(10, 0.0001)
    assert portion.size == 76, "fewer than it might take say nothing"
    portion.learn(40, 1.0)
    assert portion.size == 62, "one slow moment does not make it crawl"
    for _ in range(20):
        portion.learn(portion.size, 0.004)
    assert portion.size == 10, "nor do many"
    for _ in range(80):
        portion.learn(portion.size, 0.0)
    assert portion.size == 1000


@pytest.fixture
def file(sqlite_url: str, engine: QueueEngine) -> Path:
    assert isinstance(engine.database, SqliteDatabase)
    return engine.database.path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_gives_its_space_back(
    engine: QueueEngine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = engine.database
    assert isinstance(database, SqliteDatabase)
    for _ in range(4):
        put(
            database,
            [{"status": "succeeded", "finished_at": NOW, "purge_at": NOW, "result": "x" * 20_000}]
            * 250,
        )
    database.truncate_log()
    full = file.stat().st_size
    assert full > 20_000_000
    assert purge_of(database, now=NOW).run() == 1000
    database.truncate_log()
    assert file.stat().st_size < space._KEPT * 4096 * 1.2
    monkeypatch.setattr(space, "_KEPT", 10)
    assert purge_of(database, now=NOW).run() == 0
    database.truncate_log()
    assert file.stat().st_size < full / 50


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_cannot_shrink_is_left_as_it_is(
    engine: QueueEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is not of taskrow's making: to ask it for pages again and again would never end."""
    monkeypatch.setattr(space, "_KEPT", 0)
    monkeypatch.setattr(space, "_INCREMENTAL", 3)
    put_finished(engine.database, [NOW] * 2000)
    assert purge_of(engine.database, now=NOW).run() == 2000
