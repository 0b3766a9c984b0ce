"""One soak, from the first process to the verdict."""

from __future__ import annotations

import random
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.faults.history import History
from tests.soak.application import MARKS
from tests.soak.chaos import Chaos
from tests.soak.clients import Client
from tests.soak.curves import Sample, look
from tests.support.processes import Process, ProcessFactory, eventually, free_port, processes

APP = "tests.soak.application:app"
_WORKERS, _CLIENTS, _PER_SECOND = 2, 4, 5.0
_FAULT_EVERY, _LOOK_EVERY, _END = (4.0, 12.0), 5.0, 120.0
_SETTINGS = {
    "FLASK_TASKROW_LEASE": "2",
    "FLASK_TASKROW_HEARTBEAT": "0.5",
    "FLASK_TASKROW_RETENTION": "600",
    "FLASK_TASKROW_BUSY_TIMEOUT": "10",
}


@dataclass
class Outcome:
    """What a soak showed."""

    history: History
    wrongs: list[str]
    faults: Counter[str]
    kills: int
    refused: int
    samples: list[Sample] = field(default_factory=list)


class Soak:
    """A web server, two workers, clients, and faults."""

    def __init__(self, directory: Path, start: ProcessFactory, seed: int) -> None:
        self._directory, self._start = directory, start
        self._chance = random.Random(seed)
        self._file, self._marks = directory / "tasks.db", directory / "marks"
        self._env = _SETTINGS | {MARKS: str(self._marks)}
        self._port = free_port()
        self._history = History()
        self._samples: list[Sample] = []
        self._over = threading.Event()

    def run(self, seconds: float) -> Outcome:
        """Work and hurt for so long, then let everything end in peace."""
        with closing(sqlite3.connect(self._file)) as file:
            file.execute("CREATE TABLE effects (task TEXT NOT NULL)")
        self._upgrade()
        chaos = Chaos(self._web, self._worker, _WORKERS, self._chance.randrange(2**31))
        clients = [
            Client(self._port, self._history, self._chance.random(), _PER_SECOND)
            for _ in range(_CLIENTS)
        ]
        for client in clients:
            client.start()
        self._disturb(chaos, clients, seconds)
        chaos.heal()
        for client in clients:
            client.over.set()
        for client in clients:
            client.join(_END)
        return self._outcome(chaos, clients)

    def _disturb(self, chaos: Chaos, clients: list[Client], seconds: float) -> None:
        began = time.monotonic()
        fault_at, look_at = began + 5, began
        while (moment := time.monotonic()) < began + seconds:
            if moment >= fault_at:
                chaos.hurt(self._over)
                fault_at = time.monotonic() + self._chance.uniform(*_FAULT_EVERY)
            if moment >= look_at:
                look_at = moment + _LOOK_EVERY
                self._look((moment - began) / 60, chaos, clients)
            self._over.wait(0.2)

    def _look(self, minute: float, chaos: Chaos, clients: list[Client]) -> None:
        recent = [seconds for client in clients for seconds in client.latencies[-20:]]
        pids = [worker.pid for worker in chaos.workers]
        submit = median(recent) if recent else 0.0
        seen = look(minute, chaos.web.pid, pids, self._file, submit=submit, kills=chaos.kills)
        self._samples.append(seen)

    def _outcome(self, chaos: Chaos, clients: list[Client]) -> Outcome:
        for line in self._marks.read_text().splitlines():
            task_id, _, attempt = line.partition(" ")
            self._history.begun(task_id, int(attempt))
        with closing(sqlite3.connect(self._file)) as file:
            effects = [one for (one,) in file.execute("SELECT task FROM effects")]
            integrity = file.execute("PRAGMA integrity_check").fetchone()[0]
        wrongs = self._history.wrongs(effects)
        wrongs += [] if integrity == "ok" else [f"integrity_check says {integrity}"]
        refused = sum(client.refused for client in clients)
        return Outcome(self._history, wrongs, chaos.faults, chaos.kills, refused, self._samples)

    def _upgrade(self) -> None:
        upgrade = self._start.start("taskrow", "--app", APP, "upgrade", env=self._env)
        assert upgrade.process.wait(60) == 0, upgrade.output()

    def _web(self) -> Process:
        options = ["--bind", f"127.0.0.1:{self._port}", "--worker-class", "gthread"]
        options += ["--threads", "8", "--graceful-timeout", "2", APP]
        web = self._start.start("gunicorn", *options, log="web", env=self._env)
        eventually(lambda: "Booting worker" in web.output())
        return web

    def _worker(self) -> Process:
        command = ["--app", APP, "worker", "--runners", "2", "--log-level", "warning"]
        return self._start.start("taskrow", *command, log="worker", env=self._env)


def soak(directory: Path, *, seconds: float, seed: int) -> Outcome:
    """Soak for some seconds, on files in ``directory``."""
    with processes(directory, f"sqlite:///{directory / 'tasks.db'}") as start:
        return Soak(directory, start, seed).run(seconds)
