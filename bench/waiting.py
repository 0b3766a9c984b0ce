"""``python -m bench.waiting``: 200 clients wait for answers in one web process.

How long after the end of its task does each have the whole answer (``finished_at`` of the row and
the client's time are of one clock), and what does the process spend while they wait?
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.asks.processes import cpu_seconds
from bench.crowd import Client, ask_all, hear_all
from bench.facts import find_facts
from bench.web import end, serving, start

CLIENTS = 200
PIECE = 20  # milliseconds of work a task
_PATIENCE = 60.0
_APP = "bench.waiting_app:app"


@dataclass(frozen=True)
class Place:
    """A web process and a worker on one file; the worker's tasks stand at the gate."""

    port: int
    web_pid: int
    file: Path
    gate: Path


@dataclass(frozen=True)
class Waiting:
    """What one round of waiting cost: CPU as share of one core, delays in seconds, sorted."""

    cpu_idle: float
    cpu_busy: float
    delays: list[float]

    def delay(self, share: float) -> float:
        return self.delays[min(len(self.delays) - 1, int(share * len(self.delays)))]


def measure_many(place: Place, seconds: float, clients: int = CLIENTS) -> Waiting:
    """Each client submits a task and waits for it; they end one by one."""
    return _measure(place, [f"POST /piece/{PIECE}"] * clients, seconds)


def measure_one(place: Place, seconds: float, clients: int = CLIENTS) -> Waiting:
    """All clients wait for the end of the same task."""
    place.gate.unlink(missing_ok=True)
    [submitted] = ask_all(place.port, [f"POST /piece/{PIECE}?one"])
    where = _location(place)
    waiting = _measure(place, [f"GET {where}"] * clients, seconds)
    hear_all([submitted], _PATIENCE)
    return waiting


def _measure(place: Place, requests: Sequence[str], seconds: float) -> Waiting:
    place.gate.unlink(missing_ok=True)
    clients = ask_all(place.port, requests)
    _settle(place)
    idle = _cpu(place, seconds)
    with _noise(place):
        busy = _cpu(place, seconds)
    place.gate.touch()
    hear_all(clients, _PATIENCE)
    return Waiting(idle, busy, sorted(_delays(place, requests, clients)))


def _settle(place: Place) -> None:
    """Wait until the process has taken all requests and rests."""
    deadline = time.monotonic() + _PATIENCE
    while _cpu(place, 0.5) > 0.05:
        if time.monotonic() > deadline:
            raise RuntimeError("the web process does not come to rest")


def _cpu(place: Place, seconds: float) -> float:
    """What the web process uses in the next seconds, as share of one core."""
    began, before = time.perf_counter(), cpu_seconds(place.web_pid)
    time.sleep(seconds)
    return (cpu_seconds(place.web_pid) - before) / (time.perf_counter() - began)


@contextmanager
def _noise(place: Place) -> Iterator[None]:
    """Other tasks are written meanwhile, a few hundred a second, each with a commit of its own."""
    process = start(["bench.noise"], _environment(place.file, place.gate))
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _location(place: Place) -> str:
    """Where the only task that stands at the gate can be seen."""
    query = "SELECT id FROM tasks WHERE status = 'running'"
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(place.file)) as reader:
            if (found := reader.execute(query).fetchone()) is not None:
                return f"/status/{found[0]}"
        time.sleep(0.01)
    raise RuntimeError("the task is not there")


def _delays(place: Place, requests: Sequence[str], clients: Sequence[Client]) -> Iterator[float]:
    with closing(sqlite3.connect(place.file)) as reader:
        for line, client in zip(requests, clients, strict=True):
            if client.status != 200 or client.ended_at is None:
                raise RuntimeError(f"a client got {client.received!r}")
            where = client.header("Content-Location") or line
            task_id = where.rpartition("/")[2]
            query = "SELECT finished_at FROM tasks WHERE id = ?"
            [text] = reader.execute(query, [task_id]).fetchone()
            yield client.ended_at - datetime.fromisoformat(text).timestamp()


def _environment(file: Path, gate: Path) -> dict[str, str]:
    return {
        "FLASK_TASKROW_DATABASE_URL": f"sqlite:///{file}",
        "FLASK_TASKROW_MAX_WAIT": "60",
        "FLASK_GATE": str(gate),
    }


@contextmanager
def open_place(directory: Path, threads: int = 256) -> Iterator[Place]:
    """Start gunicorn with one process, and a worker with one runner."""
    file, gate = directory / "tasks.db", directory / "gate"
    environment = _environment(file, gate)
    command = ["taskrow", "--app", _APP, "worker", "--runners", "1", "--queues", "default"]
    with serving(_APP, environment, threads=threads) as web:
        worker = start([*command, "--log-level", "warning"], environment)
        try:
            yield Place(web.port, web.pid, file, gate)
        finally:
            end(worker)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.waiting", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="of waiting to measure (5)")
    parser.add_argument("--repeats", type=int, default=3, help="rounds (3)")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"who wait ({CLIENTS})")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taskrow-bench-") as directory:
        facts = find_facts(Path(directory))
        print(f"{facts.date}  {facts.cores} cores, {facts.processor}, Python {facts.python}")
        print(f"load before: {facts.load:.2f}; {options.clients} clients, Prefer: wait=30")
        head = f"{'':<28}{'p50':>9}{'p99':>9}{'worst':>9}{'CPU idle':>10}{'CPU busy':>10}"
        print(f"{head}\n{'-' * len(head)}")
        with open_place(Path(directory)) as place:
            for _ in range(options.repeats):
                many = measure_many(place, options.seconds, options.clients)
                print(_row(f"{options.clients} tasks, one by one", many), flush=True)
                one = measure_one(place, options.seconds, options.clients)
                print(_row("one task, all wait for it", one), flush=True)
    print("from the end of a task to the whole answer; CPU of the web process, % of one core,")
    print("while all wait: in an idle database, and in one with hundreds of other commits a second")


def _row(name: str, waiting: Waiting) -> str:
    times = "".join(f"{1000 * waiting.delay(share):>6.1f} ms" for share in (0.5, 0.99, 1.0))
    return f"{name:<28}{times}{waiting.cpu_idle:>10.2%}{waiting.cpu_busy:>10.2%}"


if __name__ == "__main__":
    main()
