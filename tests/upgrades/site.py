"""Web processes and workers of two versions on one database, and clients who notice nothing of it.

The tasks and the clients are those of the soak; the history of both must be right in the end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taskrow.storage.database import open_database
from tests.apps.marks import MARKS
from tests.faults.history import FINAL, History, Told
from tests.soak.clients import Client
from tests.soak.marks import read_marks
from tests.support.processes import Process, ProcessFactory, eventually, free_port, processes
from tests.upgrades.versions import Version

APP = "tests.soak.application:app"
_PER_SECOND = 5.0  # submits of a client
_RUN_ONCE = ("work", "effect")  # these neither crash nor fail


class Site:
    """One database and whoever works on it."""

    def __init__(self, directory: Path, url: str, start: ProcessFactory) -> None:
        self._start, self._marks = start, directory / "marks"
        self._marks.touch()
        self._history = History()
        self._clients: list[Client] = []
        self.database = open_database(url, busy_timeout=30)

    # -- processes -------------------------------------------------------------------------------

    def web(self, version: Version) -> Process:
        """A web server, with a client that submits to it from now on."""
        port = free_port()
        options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "4"]
        options += ["--graceful-timeout", "2", APP]
        web = self._start.start("gunicorn", *options, log="web", env=self._env(version))
        eventually(lambda: "Booting worker" in web.output())
        client = Client(port, self._history, seed=len(self._clients), per_second=_PER_SECOND)
        self._clients.append(client)
        client.start()
        return web

    def worker(self, version: Version) -> Process:
        return self._start.worker("--runners", "2", app=APP, env=self._env(version))

    def upgrade(self, version: Version) -> None:
        """Bring the tables to what a version needs."""
        code, said = self._run(version, "taskrow", "--app", APP, "upgrade")
        assert code == 0, said

    def submit_for_later(self, version: Version, seconds: float) -> None:
        """Submit tasks that are due in so many seconds, and some that run for as long."""
        code, said = self._run(version, "tests.upgrades.later", str(seconds))
        assert code == 0, said
        for task_id in said.split():
            self._history.accepted(task_id)

    def _run(self, version: Version, *words: str) -> tuple[int, str]:
        done = self._start.start(*words, log="command", env=self._env(version))
        return done.process.wait(60), done.output()

    def _env(self, version: Version) -> dict[str, str]:
        return version.env | {MARKS: str(self._marks)}

    # -- what becomes of the tasks -----------------------------------------------------------------

    def go_on(self, tasks: int = 10) -> None:
        """Until so many more of the clients' tasks have ended."""
        goal = self._ended() + tasks
        eventually(lambda: self._ended() >= goal, 60)

    def _ended(self) -> int:
        counts = self._history.counts
        return sum(counts[status] for status in FINAL)

    def wrongs(self) -> list[str]:
        """Let everything end; what was refused, and what cannot be explained."""
        for client in self._clients:
            client.over.set()
        for client in self._clients:
            client.join(60)
        eventually(lambda: not self._rows("SELECT id FROM tasks WHERE finished_at IS NULL"), 60)
        for mark in read_marks(self._marks):
            self._history.begun(mark.task, mark.attempt)
        wrongs = [f"{one.refused} submits were refused" for one in self._clients if one.refused]
        wrongs += self._look_at_rows()
        return wrongs + self._history.wrongs(
            [one for (one,) in self._rows("SELECT task FROM effects")]
        )

    @property
    def tasks(self) -> int:
        """How many there are."""
        return len(self._rows("SELECT id FROM tasks"))

    def _look_at_rows(self) -> Iterator[str]:
        for task_id, name, status, attempt, result, error in self._rows(
            "SELECT id, name, status, attempt, result, error FROM tasks"
        ):
            decoded = None if result is None else json.loads(result)
            self._history.told(task_id, Told(status, attempt, decoded))
            if status != "succeeded":
                yield f"{name} {task_id} is {status}: {error}"
            if name.endswith(_RUN_ONCE) and attempt != 1:
                yield f"{name} {task_id} took {attempt} attempts"

    def _rows(self, query: str) -> list[Any]:
        with self.database.read() as connection:
            return list(connection.exec_driver_sql(query).all())

    def make_effects(self) -> None:
        """The users' own table; from then on the database is not taskrow's alone."""
        table = "CREATE TABLE effects (task TEXT NOT NULL)"
        self.database.write(lambda connection: connection.exec_driver_sql(table).close())


@contextmanager
def site(directory: Path, url: str) -> Iterator[Site]:
    """A site whose processes all end with the block."""
    with processes(directory, url) as start:
        here = Site(directory, url, start)
        try:
            yield here
        finally:
            here.database.close()
