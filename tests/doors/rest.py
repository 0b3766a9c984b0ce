"""What the tests of ``/tasks`` share: clients by name, and how they read answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from tests.apps.rest import create_app
from tests.doors.site import soon
from tests.support.processes import Process, ProcessFactory, processes

APP = "tests.apps.rest:create_app"
SECRET_KEY = "the key of the tests"
SETTINGS = {"FLASK_SECRET_KEY": SECRET_KEY, "FLASK_TASKROW_MAX_PAYLOAD": "100000"}


@dataclass
class Api:
    """The application that opens ``/tasks``, and its worker."""

    app: Flask
    worker: Process
    start: ProcessFactory
    directory: Path

    @property
    def engine(self) -> QueueEngine:
        engine: QueueEngine = self.app.extensions["taskrow"]
        return engine

    def ask(self, method: str, url: str, owner: str | None = "me", **options: Any) -> TestResponse:
        headers = options.pop("headers", {}) | ({} if owner is None else {"X-Owner": owner})
        return self.app.test_client().open(url, method=method, headers=headers, **options)

    def get(self, url: str, owner: str | None = "me", **options: Any) -> TestResponse:
        return self.ask("GET", url, owner, **options)

    def post(self, url: str, owner: str | None = "me", **options: Any) -> TestResponse:
        return self.ask("POST", url, owner, **options)

    def submit(
        self, name: str, *args: Any, owner: str | None = "me", later: bool = False, **more: Any
    ) -> str:
        """Submit by name over HTTP; the id."""
        body = {"name": name, "args": args} | ({"countdown": 3600} if later else {}) | more
        answer = self.post("/tasks", owner, json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.get_json()["id"])

    def is_in(self, task_id: str, *statuses: Status) -> Task:
        """The row, once it is in one of these."""

        def look() -> Task | None:
            found = self.engine.get(task_id)
            return found if found.status in statuses else None

        return soon(look)

    def over(self, task_id: str) -> Task:
        return self.is_in(task_id, Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)

    def count(self) -> int:
        with self.engine.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one())


def problem(answer: TestResponse, code: int, kind: str) -> str:
    """Check that an answer is this problem; the sentence in it."""
    assert answer.status_code == code, (answer.status, answer.text)
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.get_json()
    assert (told["type"], told["status"]) == (f"urn:taskrow:problem:{kind}", code)
    return str(told["detail"])


@contextmanager
def open_api(directory: Path, database_url: str) -> Iterator[Api]:
    """The application in the test's process and a worker in another; all ends with the block."""
    app = create_app(
        SECRET_KEY=SECRET_KEY, TASKROW_DATABASE_URL=database_url, TASKROW_MAX_PAYLOAD=100_000
    )
    with processes(directory, database_url) as start:
        yield Api(app, start.worker("--runners", "2", app=APP, env=SETTINGS), start, directory)
        app.extensions["taskrow"].close()
