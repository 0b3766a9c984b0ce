"""taskrow: ``delay()`` as a view calls it, and ``taskrow worker`` with its runners."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import cached_property

from flask import Flask

from bench.lanes.lane import Command, Lane, Spec, Submit
from bench.lanes.sqlite_file import SqliteFile, file_of
from bench.lanes.words import fsync_words
from bench.tasks import FUNCTIONS
from taskrow import TaskFunction, TaskQueue
from taskrow.engine.bulk import AT_ONCE, submit_calls
from taskrow.engine.queue import QueueEngine
from taskrow.web.lookup import engine_of


def create_app(url: str) -> Flask:
    """The application: ``taskrow --app "bench.lanes.ours:create_app('...')" worker``."""
    app = Flask("bench")
    app.config["TASKROW_DATABASE_URL"] = url
    queue = TaskQueue(app)
    for function in FUNCTIONS:
        app.extensions[f"bench.{function.__name__}"] = queue.task(function)
    app.extensions["bench.queue"] = queue
    return app


class Application(Lane):
    """taskrow on any database."""

    url: str

    @cached_property
    def app(self) -> Flask:
        return create_app(self.url)

    @property
    def queue(self) -> TaskQueue:
        queue = self.app.extensions["bench.queue"]
        assert isinstance(queue, TaskQueue)
        return queue

    @property
    def engine(self) -> QueueEngine:
        return engine_of(self.app)

    def around(self) -> AbstractContextManager[object]:
        return self.app.app_context()

    def submit(self, function: str) -> Submit:
        task = self._task(function)
        return lambda *args: task.delay(*args).id

    def submit_many(self, numbers: Sequence[int], at_once: int = AT_ONCE) -> list[str]:
        task = self._task("same")
        calls = (task.s(each) for each in numbers)
        if at_once == AT_ONCE:
            return [result.id for result in self.queue.submit_many(calls)]
        return [result.id for result in submit_calls(self.engine, calls, at_once=at_once)]

    def _task(self, name: str) -> TaskFunction[..., object]:
        task = self.app.extensions[f"bench.{name}"]
        assert isinstance(task, TaskFunction)
        return task

    def read(self, task_id: str) -> object:
        return self.queue.AsyncResult(task_id).state

    def worker(self) -> Command:
        app = f"bench.lanes.ours:create_app({self.url!r})"
        command = ["taskrow", "--app", app, "worker", "--runners", str(self.runners)]
        return Command([*command, "--log-level", "warning"])

    def purge(self) -> Command:
        return Command(["taskrow", "--app", f"bench.lanes.ours:create_app({self.url!r})", "purge"])

    def rest(self) -> None:
        self.engine.close()


class Ours(Application, SqliteFile):
    """taskrow on an SQLite file."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.url = f"sqlite:///{file_of(spec)}"

    def durability(self) -> str:
        def ask(name: str) -> object:
            return self.engine.database.write(
                lambda connection: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            )

        return fsync_words(ask("journal_mode"), ask("synchronous"))

    def rest(self) -> None:
        self.leave()
        super().rest()


LANE = Ours
