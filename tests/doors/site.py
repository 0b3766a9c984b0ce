"""A site: an application in the test's process, and its worker in another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from werkzeug.test import TestResponse

from taskrow import AsyncResult
from taskrow.domain.task import Status, Task
from taskrow.engine.clock import utc_now
from taskrow.engine.queue import QueueEngine
from tests.apps.doors import create_app
from tests.apps.doors.tasks import stand
from tests.support.processes import Process, eventually, processes
from tests.support.rows import runs

T = TypeVar("T")

APP = "tests.apps.doors:create_app"
MAX_BODY = 300_000
SECRET_KEY = "the key of the tests"


def soon(look: Callable[[], T | None], seconds: float = 30.0) -> T:
    """What ``look`` finds, once it finds something."""
    found = eventually(look, seconds)
    assert found is not None
    return found


@dataclass
class Site:
    """One application on one database with one worker; many tests share it."""

    app: Flask
    worker: Process
    database_url: str

    @property
    def engine(self) -> QueueEngine:
        engine: QueueEngine = self.app.extensions["taskrow"]
        return engine

    @property
    def kind(self) -> str:
        return self.engine.database.dialect

    def ask(self, url: str, method: str = "GET", **options: Any) -> TestResponse:
        """The answer of a view that is a task: submit, then poll where the 202 says."""
        return self.answer(self.submit(url, method, **options))

    def see(self, url: str, method: str = "GET", **options: Any) -> Any:
        """The JSON of such an answer."""
        return self.ask(url, method, **options).json

    def submit(self, url: str, method: str = "GET", **options: Any) -> TestResponse:
        accepted = self.app.test_client().open(url, method=method, **options)
        assert accepted.status_code == 202, (accepted.status, accepted.text)
        return accepted

    def answer(self, accepted: TestResponse) -> TestResponse:
        url, base = accepted.headers["Location"], accepted.request.root_url

        def look() -> TestResponse | None:
            # A Location is a whole path; the test client would put its own prefix before it.
            path = url.removeprefix(accepted.request.script_root)
            polled = self.app.test_client().get(path, base_url=base)
            return None if polled.status_code == 202 else polled

        return soon(look)

    def task_of(self, accepted: TestResponse) -> Task:
        """The row of a view's task, when it is over."""
        return self.final(accepted.headers["Location"].rpartition("/")[2])

    def final(self, task: AsyncResult | str) -> Task:
        task_id = task if isinstance(task, str) else task.id

        def look() -> Task | None:
            found = self.engine.get(task_id)
            return found if found.status.final else None

        return soon(look)

    def running(self, task: AsyncResult | str) -> Task:
        """The row of a task, when a worker runs it."""
        task_id = task if isinstance(task, str) else task.id

        def look() -> Task | None:
            found = self.engine.get(task_id)
            assert not found.status.final, found
            return found if found.status is Status.RUNNING else None

        return soon(look)

    def long_running(self, task: AsyncResult | str) -> None:
        """Wait until a task has run so long that its runner is handed nothing more behind it.

        A row says running, too, while its task waits in a runner; then it may start anew elsewhere.
        """

        def look() -> bool:
            started = self.running(task).started_at
            return started is not None and utc_now() - started > timedelta(seconds=0.1)

        eventually(look)

    def occupy(self, gate: Path) -> list[AsyncResult]:
        """Keep both runners busy until the gate is open: what is submitted meanwhile waits."""
        busy = [stand.delay(str(gate)) for _ in range(2)]
        eventually(lambda: runs(Path(f"{gate}.running")) == 2)
        for task in busy:
            self.long_running(task)
        return busy

    def count(self) -> int:
        """How many rows there are."""
        with self.engine.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one())

    def get_json(self, url: str) -> Any:
        response = self.app.test_client().get(url)
        assert response.status_code == 200, (response.status, response.text)
        return response.json


@contextmanager
def open_site(directory: Path, database_url: str) -> Iterator[Site]:
    """A site with a worker of two runners; all ends with the block."""
    with processes(directory, database_url) as start, open_app(database_url) as app:
        env = {"FLASK_TASKROW_MAX_BODY": str(MAX_BODY), "FLASK_SECRET_KEY": SECRET_KEY}
        yield Site(app, start.worker("--runners", "2", app=APP, env=env), database_url)


@contextmanager
def open_app(database_url: str, **config: Any) -> Iterator[Flask]:
    """The application alone."""
    settings = {
        "SECRET_KEY": SECRET_KEY,
        "TASKROW_DATABASE_URL": database_url,
        "TASKROW_MAX_BODY": MAX_BODY,
    }
    app = create_app(**(settings | config))
    yield app
    app.extensions["taskrow"].close()
