"""One soak, from the first process to the verdict."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from tests.apps.marks import MARKS
from tests.faults.history import History
from tests.soak.application import TICK
from tests.soak.chaos import Chaos, Fault
from tests.soak.chores import Chores
from tests.soak.clients import Client
from tests.soak.curves import Sample, Verdict, judge, of_processes
from tests.soak.marks import begun_again, due_missed, due_twice, read_marks
from tests.soak.record import Record
from tests.soak.shell import Shell
from tests.support.processes import Process, ProcessFactory, eventually, free_port, processes

APP = "tests.soak.application:app"
_WORKERS, _CLIENTS, _PER_SECOND = 2, 4, 5.0
_FAULT_EVERY, _LOOK_EVERY, _END = (2.5, 6.0), 5.0, 120.0  # seconds
_SETTINGS = {
    "FLASK_TASKROW_LEASE": "2",
    "FLASK_TASKROW_HEARTBEAT": "0.5",
    "FLASK_TASKROW_BUSY_TIMEOUT": "10",
}


@dataclass
class Outcome:
    """What a soak showed."""

    history: History
    wrongs: list[str]
    faults: Counter[str]
    chores: Counter[str]
    kills: int
    hits: int  # of them: those that hit running tasks
    refused: int
    due_times: int
    curves: list[Verdict] = field(default_factory=list)


class Soak:
    """Clients, two workers and a web server that are hurt, one of each that is spared, an admin."""

    def __init__(
        self,
        directory: Path,
        url: str,
        start: ProcessFactory,
        record: Record,
        *,
        retention: float,
        seed: int,
    ) -> None:
        self._directory, self._shell = directory, Shell(url)
        self._start, self._record = start, record
        self._chance = random.Random(seed)
        self._marks = directory / "marks"
        self._env = _SETTINGS | {MARKS: str(self._marks), "FLASK_TASKROW_RETENTION": f"{retention}"}
        self._ports = free_port(), free_port()  # of the web server that is hurt, and of the other
        self._history = History()
        self._samples: list[Sample] = []
        self._over = threading.Event()

    def run(self, seconds: float) -> Outcome:
        """Work and hurt for so long, then let everything end in peace."""
        self._shell.make_effects()
        assert self._command("upgrade").process.wait(60) == 0
        self._spared_web, self._spared_worker = self._web(self._ports[1]), self._worker()
        chaos = Chaos(
            lambda: self._web(self._ports[0]),
            self._worker,
            _WORKERS,
            shell=self._shell,
            seed=self._chance.randrange(2**31),
        )
        clients = [self._client(number) for number in range(_CLIENTS)]
        chores = Chores(self._shell, self._directory, self._command)
        for thread in (*clients, chores):
            thread.start()
        self._disturb(chaos, clients, seconds)
        for client in clients:
            client.over.set()
        for client in clients:
            client.join(_END)
        chores.over.set()
        chores.join(_END)
        return self._outcome(chaos, clients, chores)

    def _client(self, number: int) -> Client:
        """All but the last are clients of the web server that is hurt."""
        port = self._ports[number == _CLIENTS - 1]
        return Client(port, self._history, self._chance.random(), _PER_SECOND)

    def _disturb(self, chaos: Chaos, clients: list[Client], seconds: float) -> None:
        self._began = time.monotonic()
        fault_at, look_at = self._began + 5, self._began
        while (moment := time.monotonic()) < self._began + seconds:
            if moment >= fault_at:
                self._note(chaos.hurt(self._over))
                fault_at = time.monotonic() + self._chance.uniform(*_FAULT_EVERY)
            if moment >= look_at:
                look_at = moment + _LOOK_EVERY
                self._look(chaos, clients)
            self._over.wait(0.2)

    def _minute(self, moment: float) -> float:
        return (moment - self._began) / 60

    def _note(self, fault: Fault) -> None:
        self._record.add("fault", {"minute": self._minute(fault.moment), **asdict(fault)})

    def _look(self, chaos: Chaos, clients: list[Client]) -> None:
        recent = [seconds for client in clients for seconds in client.latencies[-20:]]
        counts = self._history.counts
        sample = {
            "minute": self._minute(time.monotonic()),
            **of_processes("web", [chaos.web.pid]),
            **of_processes("workers", [worker.pid for worker in chaos.workers]),
            **of_processes("spared web", [self._spared_web.pid]),
            **of_processes("spared worker", [self._spared_worker.pid]),
            **self._shell.sizes(),
            **self._shell.count_rows(),
            "submit": 1000 * median(recent) if recent else 0.0,
            "finished": float(sum(counts[one] for one in ("succeeded", "failed", "cancelled"))),
            "kills": float(chaos.kills),
        }
        self._samples.append(sample)
        self._record.add("sample", sample)

    def _outcome(self, chaos: Chaos, clients: list[Client], chores: Chores) -> Outcome:
        marks = read_marks(self._marks)
        for mark in marks:
            self._history.begun(mark.task, mark.attempt)
        for fault, seconds in begun_again(chaos.faults, marks):
            again = {"fault": fault.fault, "seconds": seconds, "minute": self._minute(fault.moment)}
            self._record.add("again", again)
        outcome = Outcome(
            self._history,
            [*self._wrongs(clients, chores), *due_twice(marks), *due_missed(marks, TICK)],
            chaos.counts,
            chores.done,
            chaos.kills,
            sum(fault.kills and bool(fault.tasks) for fault in chaos.faults),
            sum(client.refused for client in clients),
            len({mark.due for mark in marks if mark.due}),
            judge(self._samples),
        )
        self._record.add("verdict", _told(outcome, self._minute(time.monotonic())))
        return outcome

    def _wrongs(self, clients: list[Client], chores: Chores) -> list[str]:
        dead = sum(not client.has_ended for client in clients) + (not chores.has_ended)
        chores.take()
        chores.command("check")
        wrongs = [*self._history.wrongs(chores.effects.elements()), *chores.wrongs]
        said = self._shell.integrity()
        wrongs += [] if said == "ok" else [f"integrity_check says {said}"]
        return wrongs + ([f"{dead} of the clients and the admin died"] if dead else [])

    def _command(self, *words: str) -> Process:
        return self._start.start("taskrow", "--app", APP, *words, log=words[0], env=self._env)

    def _web(self, port: int) -> Process:
        options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
        options += ["--threads", "8", "--graceful-timeout", "2", APP]
        web = self._start.start("gunicorn", *options, log="web", env=self._env)
        eventually(lambda: "Booting worker" in web.output())
        return web

    def _worker(self) -> Process:
        return self._command("worker", "--runners", "2", "--log-level", "warning")


def _told(outcome: Outcome, minutes: float) -> dict[str, object]:
    """The outcome as the record keeps it."""
    return {
        "minutes": minutes,
        "accepted": outcome.history.counts.total(),
        "ended": outcome.history.counts,
        "begun more than once": outcome.history.second_attempts,
        "refused": outcome.refused,
        "kills": outcome.kills,
        "hits": outcome.hits,
        "faults": outcome.faults,
        "chores": outcome.chores,
        "due times": outcome.due_times,
        "wrongs": outcome.wrongs,
        "curves": [asdict(curve) | {"flat": curve.flat} for curve in outcome.curves],
    }


def soak(
    directory: Path,
    url: str,
    *,
    seconds: float,
    seed: int,
    retention: float = 600.0,
    out: Path | None = None,
) -> Outcome:
    """Soak for some seconds, on an empty database, with logs and marks in ``directory``.

    ``out`` is where the record goes.
    """
    with processes(directory, url) as start:
        record = Record(out or directory)
        return Soak(directory, url, start, record, retention=retention, seed=seed).run(seconds)
