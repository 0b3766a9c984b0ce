"""taskrow, on an SQLite file or on PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text

from taskrow import TaskFunction, TaskQueue
from taskrow.errors import NoSuchTaskError
from taskrow.web.lookup import engine_of
from tests.faults.peers.clients.client import (
    FAILED,
    RUNS,
    SUCCEEDED,
    UNKNOWN,
    WAITS,
    Client,
    Status,
)
from tests.faults.peers.tasks import LIMIT, LIMITED

_STATES = {"scheduled": WAITS, "queued": WAITS, "running": RUNS, "succeeded": SUCCEEDED}


class Ours(Client):
    """One application."""

    packages = ("taskrow", "sqlalchemy")
    ready = " started: "

    @cached_property
    def _app(self) -> Flask:
        app = Flask("peers")
        app.config.from_mapping(TASKROW_DATABASE_URL=self.spec.url, **self.setting("config", {}))
        queue = TaskQueue(app)
        for name, function in self.functions.items():
            timeout = LIMIT if function in LIMITED else None
            options = {"timeout": timeout, **self.setting("options", {})}
            register: Callable[..., Any] = queue.task(name=name, **options)
            app.extensions[name] = register(function)
        return app

    def _function(self, name: str) -> TaskFunction[..., Any]:
        function = self._app.extensions[name]
        assert isinstance(function, TaskFunction)
        return function

    def submit(self, task: str, args: Sequence[Any], delay: float | None) -> str:
        with self._app.app_context():
            return self._function(task).apply_async(args, countdown=delay).id

    def submit_twice(self, task: str, args: Sequence[Any]) -> str:
        with self._app.app_context():
            both = [self._function(task).apply_async(args, unique_key="same") for _ in range(2)]
        return both[1].id

    def status(self, task_id: str) -> Status:
        try:
            task = engine_of(self._app).get(task_id)
        except NoSuchTaskError:
            return Status(UNKNOWN, "404")
        why = json.loads(task.error)["type"] if task.error else ""
        return Status(
            _STATES.get(task.status, FAILED), f"{task.status} {why}".strip(), result=task.result
        )

    def plant(self, pickled: str, command: str) -> None:
        rows = [self.submit("add", (1, 2), None) for _ in range(2)]
        changes = ({"name": "add", "args": pickled}, {"name": "os.system"})
        given = {"args": json.dumps({"args": [command]})}
        update = text("UPDATE tasks SET name = :name, args = :args WHERE id = :id")
        with create_engine(self.spec.url).begin() as connection:
            for row, change in zip(rows, changes, strict=True):
                connection.execute(update, given | change | {"id": row})

    def worker(self, at_once: int) -> list[str]:
        app = "tests.faults.peers.clients.app:app"
        return ["taskrow", "--app", app, "worker", "--runners", str(at_once)]

    def application(self) -> Flask:
        return self._app


CLIENT = Ours
