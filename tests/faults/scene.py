"""Where a case plays: a directory, a database, real processes, and a client that looks at rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Task
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from tests.conformance.client import ask, post
from tests.doors.http import Answer
from tests.faults.shims import build
from tests.support.processes import Process, ProcessFactory, eventually, free_port, processes

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

    def worker(self, *options: str, app: str = APP, env: dict[str, str] | None = None) -> Process:
        """A worker of the application, at work."""
        return self.start.worker(*options, app=f"{app}:app", env=env)

    def web(self, env: dict[str, str] | None = None, *, app: str = APP) -> Web:
        """A web server of the application, as it runs in production."""
        port = free_port()
        options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8"]
        options += ["--graceful-timeout", "2", f"{app}:app"]
        web = Web(self.start.start("gunicorn", *options, log="web", env=env), port)
        eventually(web.answers)
        return web

    def task(self, task_id: str) -> Task:
        return self.engine.get(task_id)

    def count(self) -> int:
        """How many tasks there are."""
        with self.engine.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one())

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


class Web:
    """A web server, and what a client asks it."""

    def __init__(self, process: Process, port: int) -> None:
        self.process, self.base = process, f"http://127.0.0.1:{port}"

    def answers(self) -> bool:
        assert self.process.process.poll() is None, self.process.output()
        with suppress(OSError, HTTPException):
            return ask("GET", f"{self.base}/tasks/none").status == 404
        return False

    def submit(self, **headers: str) -> Answer:
        """Submit a view."""
        return post(f"{self.base}/view", b"body", **headers)

    def status(self, task_id: str) -> Answer:
        return ask("GET", f"{self.base}/tasks/{task_id}")


class Place(Protocol):
    """What a shim needs to know of where a case plays."""

    directory: Path
    file: Path


class Shim:
    """A C library in front of a process (shims/), and the file that switches it."""

    def __init__(self, name: str, place: Place) -> None:
        self._switch = place.directory / f"{name}.switch"
        variables = {"inject": ("FAULT_SWITCH", "FAULT_DIR"), "clock": ("CLOCK_FILE",)}[name]
        values = (str(self._switch), str(place.file))
        self.env = {"LD_PRELOAD": str(build(name, place.directory))}
        self.env |= dict(zip(variables, values, strict=False))

    def set(self, what: str) -> None:
        """From now on."""
        before = self._switch.with_suffix(".new")
        before.write_text(what)
        before.rename(self._switch)

    def clear(self) -> None:
        """All is well again."""
        self._switch.unlink()


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
