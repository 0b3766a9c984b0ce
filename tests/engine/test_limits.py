"""There is room for so many tasks, and for so many bytes; to look for it costs submits nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from taskrow import DiskFullError, QueueFullError, TaskFunction
from taskrow.domain.options import TaskOptions
from taskrow.engine.bulk import submit_calls
from taskrow.engine.clock import utc_now
from taskrow.engine.queue import QueueEngine
from taskrow.storage import claims
from taskrow.storage.tables import tasks
from tests.support.processes import eventually


@contextmanager
def with_settings(engine: QueueEngine, **settings: Any) -> Iterator[QueueEngine]:
    """The same queue with other settings."""
    other = engine.variant(replace(engine.settings, **settings), utc_now)
    yield other
    other.close()


def put(engine: QueueEngine, **more: Any) -> str:
    return engine.submit("app.add", "{}", TaskOptions(), **more)


def rows(engine: QueueEngine) -> int:
    with engine.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tasks)).scalar_one())


def take(engine: QueueEngine, limit: int) -> None:
    now = utc_now()

    def claim(connection: Connection) -> None:
        claims.claim(connection, worker="w", queue="default", limit=limit, now=now, lease=now)

    engine.database.write(claim)


def has_room(engine: QueueEngine) -> bool:
    with suppress(QueueFullError):
        put(engine)
        return True
    return False


def test_beyond_the_most_that_may_wait_nothing_is_taken(engine: QueueEngine) -> None:
    with with_settings(engine, max_queued=3) as full:
        for _ in range(3):
            put(full)
        for _ in range(3):
            with pytest.raises(QueueFullError, match=r"3 tasks may wait .*\(TASKROW_MAX_QUEUED\)"):
                put(full)
        assert rows(full) == 3
        take(full, 2)
        assert eventually(lambda: has_room(full))
        put(full)
        with pytest.raises(QueueFullError):
            put(full)


def test_only_what_waits_for_a_worker_counts(engine: QueueEngine) -> None:
    later = utc_now() + timedelta(hours=1)
    for _ in range(5):
        put(engine, run_at=later)
        put(engine)
    take(engine, 3)
    with with_settings(engine, max_queued=3) as full:
        put(full)
        with pytest.raises(QueueFullError):
            put(full)


def test_of_many_all_are_taken_or_none(engine: QueueEngine) -> None:
    function: TaskFunction[..., Any] = TaskFunction(
        lambda: None, name="nothing", bind=False, options=TaskOptions(), find_engine=lambda: engine
    )
    with with_settings(engine, max_queued=3) as full:
        with pytest.raises(QueueFullError, match="no room for 4 more"):
            submit_calls(full, [function.s()] * 4)
        assert rows(full) == 0
        assert len(submit_calls(full, [function.s()] * 3)) == 3
        with pytest.raises(QueueFullError):
            submit_calls(full, [function.s()])


def test_a_submit_that_joins_a_transaction_is_refused_too(engine: QueueEngine) -> None:
    task = engine.new_task("app.add", "{}", TaskOptions(), now=utc_now())
    with (
        with_settings(engine, max_queued=0) as full,
        full.database.read() as connection,
        pytest.raises(QueueFullError),
    ):
        full.write(task, now=utc_now(), connection=connection)


def test_a_disk_with_too_little_space_takes_nothing_on_sqlite(engine: QueueEngine) -> None:
    with with_settings(engine, min_free_space=2**39) as full:
        if engine.database.dialect == "postgresql":  # whose disk is another machine's
            put(full)
            return
        with pytest.raises(DiskFullError, match=r"less than TASKROW_MIN_FREE_SPACE \(549,755,"):
            put(full)
        assert rows(full) == 0


def test_the_disk_is_asked_once_a_second_and_the_rows_only_where_there_is_a_limit(
    engine: QueueEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        if "count(*)" in statement:
            asked.append("rows")

    def statvfs(path: Any, real: Any = os.statvfs) -> Any:
        asked.append("disk")
        return real(path)

    monkeypatch.setattr(os, "statvfs", statvfs)
    event.listen(Engine, "before_cursor_execute", listen)
    try:
        began = utc_now()
        for most in (None, 1000):
            with with_settings(engine, max_queued=most) as limited:
                for _ in range(100):
                    put(limited)
        seconds = (utc_now() - began).total_seconds()
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
    most_looks = 2 + seconds
    assert asked.count("disk") <= (most_looks if engine.database.dialect == "sqlite" else 0)
    assert 1 <= asked.count("rows") <= most_looks


def test_before_there_are_tables_there_is_room(engine: QueueEngine) -> None:
    with with_settings(engine, max_queued=1) as first:
        put(first)
        with pytest.raises(QueueFullError):
            put(first)
