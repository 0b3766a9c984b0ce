"""Where a case plays: a directory, a database, real processes, and a client that looks at rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Task
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from tests.support.processes import Process, ProcessFactory, eventually, processes

APP = "tests.faults.application"
SHORT_LEASE = {"FLASK_TASKROW_LEASE": "1", "FLASK_TASKROW_HEARTBEAT": "0.25"}


class Scene:
    """One case's place. ``engine`` is a queue without an application, to submit and to look."""

    def __init__(self, directory: Path, url: str, start: ProcessFactory) -> None:
        self.directory, self.url, self.start = directory, url, start
        self.file = directory / "tasks.db"
        self.engine = QueueEngine(Settings(database_url=url), Registry())

    def submit(self, name: str, *args: object, **options: Any) -> str:
        """Submit a call of a task function of the application; its id."""
        call = json.dumps({"args": args})
        return self.engine.submit(f"{APP}.{name}", call, TaskOptions(**options))

    def options(self, **given: Any) -> TaskOptions:
        """Options of a task that the application does not have."""
        return TaskOptions(**given)

    def worker(self, *options: str, env: dict[str, str] | None = None) -> Process:
        """A worker of the application, at work."""
        return self.start.worker(*options, app=f"{APP}:app", env=env)

    def task(self, task_id: str) -> Task:
        return self.engine.get(task_id)

    def final(self, task_id: str, seconds: float = 30.0) -> Task:
        """The row of a task, when it is over."""
        eventually(lambda: self.task(task_id).status.final, seconds)
        return self.task(task_id)

    def running(self, task_id: str) -> Task:
        """The row of a task, when it runs."""
        eventually(lambda: self.task(task_id).status == "running")
        return self.task(task_id)

    def error(self, task_id: str) -> str:
        """The type of what went wrong with a task."""
        return str(json.loads(self.task(task_id).error or "{}").get("type"))

    def path(self, name: str) -> Path:
        """A file for marks and gates, beside the database."""
        return self.directory / name


class Watch:
    """Measures how long something took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began


def lines_of(path: Path) -> list[str]:
    """What tasks noted there, a line for each run."""
    return path.read_text().splitlines() if path.exists() else []


@contextmanager
def scene(directory: Path, url: str | None = None) -> Iterator[Scene]:
    """A scene on a fresh SQLite file, or at a URL; all its processes end with it."""
    url = url or f"sqlite:///{directory / 'tasks.db'}"
    with processes(directory, url) as start:
        here = Scene(directory, url, start)
        try:
            yield here
        finally:
            here.engine.close()
