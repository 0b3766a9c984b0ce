"""A web process and a worker at work, killed and started again, while everything is recorded."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from tests.faults.power.journal import Promises
from tests.faults.shims import build
from tests.support.processes import Process, ProcessFactory, eventually, free_port, processes

APP = "tests.faults.power.application:app"
FILE = "tasks.db"
_CLIENTS = 3
_CALLS: tuple[tuple[str, list[Any]], ...] = (
    ("add", [20, 22]),
    ("stumble", []),
    ("fail", []),
    ("step", []),
    ("effect", []),
    ("effect", []),
    ("view", []),
    ("view", []),
    ("view", []),
)
_EFFECTS = """
import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as file:
    file.execute("CREATE TABLE effects (task TEXT NOT NULL)")
"""


def record(directory: Path, *, tasks: int, seed: int, mutant: str | None = None) -> Path:
    """Let clients submit ``tasks`` tasks to real processes; returns the log of what was written."""
    library, log = build("record", directory), directory / "journal"
    place = directory / "files"
    place.mkdir(mode=0o700)
    env = {
        "LD_PRELOAD": str(library),
        "RECORD_DIR": str(place),
        "RECORD_LOG": str(log),
        "FLASK_TASKROW_DATABASE_URL": f"sqlite:///{place / FILE}",
    }
    if mutant is not None:
        env["TASKROW_MUTANT"] = mutant
    with processes(directory, env["FLASK_TASKROW_DATABASE_URL"]) as start:
        _Site(start, env, place / FILE, log).play(tasks, random.Random(seed))
    return log


class _Site:
    """The processes of one recording."""

    def __init__(self, start: ProcessFactory, env: dict[str, str], file: Path, log: Path) -> None:
        self._start, self._env, self._file = start, env, file
        self._promises = Promises(log)
        self._port = free_port()

    def play(self, tasks: int, chance: random.Random) -> None:
        web, worker = self._web(), self._worker()
        self._submit("add", [1, 2], chance)  # which makes the tables
        self._make_effects()
        clients = self._clients(tasks, chance)
        for number in range(1, 4):
            self._wait_for(clients, number / 4 * tasks)
            if number == 2:
                web.end_group()
                web = self._web()
            else:
                worker.end_group()
                worker = self._worker()
        for client in clients:
            client.result()
        worker.stop()
        web.stop()
        self._promises.close()

    # -- processes -------------------------------------------------------------------------------

    def _web(self) -> Process:
        options = ["--bind", f"127.0.0.1:{self._port}", "--worker-class", "gthread"]
        options += ["--threads", "4", "--graceful-timeout", "2", APP]
        web = self._start.start("gunicorn", *options, log="web", env=self._env)
        eventually(lambda: self._ask("GET", "/openapi.json") is not None)
        return web

    def _worker(self) -> Process:
        return self._start.worker("--runners", "2", app=APP, env=self._env)

    def _make_effects(self) -> None:
        subprocess.run([sys.executable, "-c", _EFFECTS, str(self._file)], env=self._env, check=True)

    # -- clients ---------------------------------------------------------------------------------

    def _clients(self, tasks: int, chance: random.Random) -> list[Future[None]]:
        self._left = tasks
        self._lock = threading.Lock()
        seeds = [chance.random() for _ in range(_CLIENTS)]
        pool = ThreadPoolExecutor(_CLIENTS)
        return [pool.submit(self._serve, random.Random(seed)) for seed in seeds]

    def _wait_for(self, clients: list[Future[None]], tasks: float) -> None:
        whole = self._left
        eventually(lambda: whole - self._left >= tasks or all(map(Future.done, clients)), 120)

    def _serve(self, chance: random.Random) -> None:
        mine: list[str] = []
        while self._take():
            name, args = chance.choice(_CALLS)
            if (task_id := self._submit(name, args, chance)) is not None:
                mine.append(task_id)
            mine = [one for one in mine if not self._has_ended(one)]
        deadline = time.monotonic() + 20
        while mine and time.monotonic() < deadline:
            mine = [one for one in mine if not self._has_ended(one)]

    def _take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def _submit(self, name: str, args: list[Any], chance: random.Random) -> str | None:
        body, priority = None, 0
        if name == "view":
            name, body = "view:view", json.dumps({"some": "body" * chance.randrange(50)})
            answer = self._ask("POST", "/view", body)
        else:
            name, priority = f"{APP.partition(':')[0]}.{name}", chance.randrange(3)
            call = {"name": name, "args": args, "priority": priority}
            answer = self._ask("POST", "/tasks", json.dumps(call))
        if answer is None or answer[0] != 202:
            return None
        task_id = answer[1].rpartition("/")[2]
        self._promises.accepted(task_id, name, args, priority=priority, body=body)
        return task_id

    def _has_ended(self, task_id: str) -> bool:
        answer = self._ask("GET", f"/tasks/{task_id}")
        if answer is None or answer[0] != 200:
            return False
        told = json.loads(answer[2])
        if told["finished_at"] is None:
            return False
        given = self._answer_of(task_id) if told["response"] is not None else None
        self._promises.ended(task_id, told["status"], told.get("result"), given)
        return True

    def _answer_of(self, task_id: str) -> tuple[int, bytes] | None:
        """What the view of a task has answered; None: nobody could ask."""
        answer = self._ask("GET", f"/status/{task_id}")
        return None if answer is None else (answer[0], answer[2])

    def _ask(self, verb: str, path: str, body: str | None = None) -> tuple[int, str, bytes] | None:
        """Status, Location and body; None where nobody answered: then nothing is promised."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        with suppress(OSError, HTTPException), _closing(connection):
            connection.request(verb, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location", ""), answer.read()
        return None


@contextmanager
def _closing(connection: HTTPConnection) -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


def sqlite_version() -> str:
    """Which SQLite is recorded."""
    return sqlite3.sqlite_version
