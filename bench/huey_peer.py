"""Huey on SQLite with its default settings (which fsync each commit), and its own consumer.

Huey deletes a task's row when it takes it and stores the result afterwards: two commits a task, no
running state, no second attempt after a crash. It does less for a task than taskrow does.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from huey import SqliteHuey

from bench.lane import Lane, same
from bench.worker import Questions, drain_with

FILE = "BENCH_HUEY_FILE"  # the environment variable that tells the consumer its file

_QUESTIONS = Questions(
    how_many="SELECT count(*) FROM kv",
    # The count only once nothing waits: a look must stay cheap.
    all_done="""
      SELECT CASE WHEN EXISTS (SELECT 1 FROM task) THEN 0
             ELSE (SELECT count(*) FROM kv) = :tasks END
    """,
)


def make_huey(file: str | Path) -> tuple[Any, Any]:
    """A Huey on a file, and the task in it; for whoever submits and for the consumer."""
    huey = SqliteHuey("bench", filename=str(file))
    return huey, huey.task()(same)


class Huey(Lane):
    """Enqueue from one thread; a consumer with one worker thread (its default)."""

    delayed, drained = "huey, 1 thread", "huey, 1 thread"
    workers = ("-w", "1", "-k", "thread")

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._huey, self._task = make_huey(self.file)

    def submit(self, number: int) -> str:
        return str(self._task(number).id)

    def drain(self) -> float:
        consumer = "huey.bin.huey_consumer"
        return drain_with(
            [consumer, "bench.huey_app.huey", "-q", *self.workers],
            self.file,
            _QUESTIONS,
            len(self.submitted),
            env={FILE: str(self.file)},
        )

    def results(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.file)) as reader:
            rows = reader.execute("SELECT key, value FROM kv").fetchall()
        return {key: self._huey.serializer.deserialize(value) for key, value in rows}

    def pragma(self, name: str) -> object:
        return self._huey.storage.sql(f"PRAGMA {name}", results=True)[0][0]

    def close(self) -> None:
        self._huey.storage.close()


class HueyWide(Huey):
    """Enqueue from eight threads; a consumer with two worker processes."""

    delayed, drained = "huey, 8 threads", "huey, 2 processes"
    threads = 8
    workers = ("-w", "2", "-k", "process")
