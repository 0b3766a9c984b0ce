"""Huey on SQLite with its default settings (which fsync each commit), and its own consumer.

Huey deletes a task's row when it takes it and stores the result afterwards: two commits a task, no
running state, no second attempt after a crash. It does less for a task than taskrow does.
"""

from __future__ import annotations

import sqlite3
from functools import cached_property
from typing import Any

from huey import SqliteHuey

from bench.lanes.app import worker_command
from bench.lanes.lane import Command, Lane, Spec, Submit
from bench.lanes.words import fsync_words
from bench.tasks import FUNCTIONS

_DEFAULT = "-w 1 -k thread"


def make_app(file: str) -> Any:
    """A Huey on a file, with the tasks in it."""
    huey = SqliteHuey("bench", filename=file)
    for function in FUNCTIONS:
        setattr(huey, function.__name__, huey.task()(function))
    return huey


class Huey(Lane):
    """One Huey."""

    packages = ("huey",)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._file = str(spec.directory / "huey.db")
        self._huey = make_app(self._file)

    @cached_property
    def _outside(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)

    def submit(self, function: str) -> Submit:
        task = getattr(self._huey, function)
        return lambda *args: str(task(*args).id)

    def read(self, task_id: str) -> object:
        return self._huey.result(task_id, preserve=True)

    def ended(self) -> int:
        return self._count("SELECT count(*) FROM kv")

    def all_ended(self, tasks: int) -> bool:
        # The count only once nothing waits: a look must stay cheap.
        return not self._count("SELECT EXISTS (SELECT 1 FROM task)") and self.ended() >= tasks

    def _count(self, query: str) -> int:
        return int(self._outside.execute(query).fetchone()[0])

    def results(self) -> dict[str, Any]:
        rows = self._outside.execute("SELECT key, value FROM kv").fetchall()
        return {key: self._huey.serializer.deserialize(value) for key, value in rows}

    def worker(self) -> Command:
        options = self.worker_options(_DEFAULT)
        consumer = ("huey.bin.huey_consumer", "bench.lanes.app.app", "-q", *options)
        return worker_command("huey", self._file, *consumer)

    def durability(self) -> str:
        def ask(name: str) -> object:
            return self._huey.storage.sql(f"PRAGMA {name}", results=True)[0][0]

        return fsync_words(ask("journal_mode"), ask("synchronous"))

    def rest(self) -> None:
        self._huey.storage.close()


LANE = Huey
