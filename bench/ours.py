"""taskrow: ``delay()`` as a view calls it, and ``taskrow worker`` with its runners."""

from __future__ import annotations

import json
import sqlite3
from contextlib import AbstractContextManager, closing
from pathlib import Path

from flask import Flask

from bench.lane import Lane, same
from bench.worker import Questions, drain_with
from taskrow import TaskFunction, TaskQueue
from taskrow.web.lookup import engine_of

_QUESTIONS = Questions(
    how_many="SELECT count(*) FROM tasks WHERE finished_at IS NOT NULL",
    all_done="""
      SELECT NOT EXISTS (SELECT 1 FROM tasks WHERE status = 'queued')
         AND NOT EXISTS (SELECT 1 FROM tasks WHERE status = 'running')
    """,
)


def make_app(file: str | Path) -> tuple[Flask, TaskFunction[[int], int]]:
    """An application with its tasks in a file, and the task."""
    app = Flask("bench")
    app.config["TASKROW_DATABASE_URL"] = f"sqlite:///{file}"
    return app, TaskQueue(app).task(same)


def create_app(file: str) -> Flask:
    """The application alone: ``taskrow --app "bench.ours:create_app('...')" worker``."""
    return make_app(file)[0]


class Ours(Lane):
    """``delay()`` from one thread; a worker with one runner."""

    delayed, drained = "taskrow, 1 thread", "taskrow, 1 runner"
    runners = 1

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._app, self._task = make_app(self.file)
        self._engine = engine_of(self._app)

    def around(self) -> AbstractContextManager[object]:
        return self._app.app_context()

    def submit(self, number: int) -> str:
        return self._task.delay(number).id

    def drain(self) -> float:
        app = f"bench.ours:create_app({str(self.file)!r})"
        command = ["taskrow", "--app", app, "worker", "--runners", str(self.runners)]
        command += ["--burst", "--log-level", "warning"]
        return drain_with(command, self.file, _QUESTIONS, len(self.submitted))

    def results(self) -> dict[str, int]:
        return read_results(self.file)

    def pragma(self, name: str) -> object:
        return self._engine.database.write(
            lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
        )

    def close(self) -> None:
        self._engine.close()


class OursWide(Ours):
    """``delay()`` from eight threads; a worker with two runners."""

    delayed, drained = "taskrow, 8 threads", "taskrow, 2 runners"
    threads, runners = 8, 2


def read_results(file: Path) -> dict[str, int]:
    """The results of all tasks that succeeded, read by no code of taskrow."""
    with closing(sqlite3.connect(file)) as reader:
        rows = reader.execute("SELECT id, result FROM tasks WHERE status = 'succeeded'").fetchall()
    return {task_id: json.loads(result) for task_id, result in rows}
