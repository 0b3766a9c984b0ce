"""What disturbs the soak: kills and stops of workers, runners and the web process, at random."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.soak.shell import Shell
from tests.support.processes import Process

Start = Callable[[], Process]
WORKER, SUPERVISOR = "kill -9 of a whole worker", "kill -9 of a supervisor"
RUNNER, WEB = "kill -9 of a runner", "kill -9 of the web server"
STOP = "SIGSTOP of a worker past its lease"
CUT = "cut of all connections to PostgreSQL"
_STOPPED, _FOR_WORK = 2.5, 2.0  # seconds


@dataclass(frozen=True)
class Fault:
    """One fault: what it was, when (monotonic), to whom, and what ran there."""

    fault: str
    moment: float
    pid: int
    tasks: dict[str, int] = field(default_factory=dict)

    @property
    def kills(self) -> bool:
        return self.fault not in {STOP, CUT}


class Chaos:
    """Keeps some processes running, and hurts one of them now and then."""

    def __init__(self, web: Start, worker: Start, workers: int, *, shell: Shell, seed: int) -> None:
        self._start_web, self._start_worker, self._shell = web, worker, shell
        self._chance = random.Random(seed)
        self.web = web()
        self.workers = [worker() for _ in range(workers)]
        self.faults: list[Fault] = []

    @property
    def counts(self) -> Counter[str]:
        """How many faults there were of each kind."""
        return Counter(fault.fault for fault in self.faults)

    @property
    def kills(self) -> int:
        """How many times something was killed."""
        return sum(fault.kills for fault in self.faults)

    def hurt(self, pause: threading.Event) -> Fault:
        """One fault. ``pause``: set when the soak is over, so that nobody stays stopped."""
        faults: list[Callable[[], Fault]] = [self._kill_worker, self._kill_runner]
        faults += [self._kill_supervisor, self._kill_worker, self._kill_web]
        faults += [lambda: self._stop_worker(pause)]
        faults += [self._cut] if self._shell.cut is not None else []
        fault = self._chance.choice(faults)()
        self.faults.append(fault)
        self.heal()
        return fault

    def heal(self) -> None:
        """Start what has ended."""
        self.workers = [
            w if w.process.poll() is None else self._start_worker() for w in self.workers
        ]
        if self.web.process.poll() is not None:
            self.web = self._start_web()

    def _kill_worker(self) -> Fault:
        worker, running = self._busy_worker()
        fault = Fault(WORKER, time.monotonic(), worker.pid, running)
        worker.end_group()
        return fault

    def _kill_supervisor(self) -> Fault:
        worker, running = self._busy_worker()
        fault = Fault(SUPERVISOR, time.monotonic(), worker.pid, running)
        worker.kill()
        return fault

    def _busy_worker(self) -> tuple[Process, dict[str, int]]:
        """One of them and what runs in it: where it has nothing to lose, wait a moment for that."""
        worker = self._chance.choice(self.workers)
        deadline = time.monotonic() + _FOR_WORK
        while not (running := self._shell.running(worker.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)
        return worker, running

    def _kill_runner(self) -> Fault:
        """One of those that there are: a worker that only just starts has none yet."""
        runners = [pid for worker in self.workers for pid in children(worker.pid)]
        if not runners:
            return self._kill_worker()
        runner = self._chance.choice(runners)
        fault = Fault(RUNNER, time.monotonic(), runner)
        with suppress(ProcessLookupError):
            os.kill(runner, signal.SIGKILL)
        return fault

    def _kill_web(self) -> Fault:
        fault = Fault(WEB, time.monotonic(), self.web.pid)
        self.web.end_group()
        return fault

    def _cut(self) -> Fault:
        assert self._shell.cut is not None
        fault = Fault(CUT, time.monotonic(), 0)
        self._shell.cut()
        return fault

    def _stop_worker(self, pause: threading.Event) -> Fault:
        """Past its lease, so that it comes back as a zombie."""
        group = self._chance.choice(self.workers).pid
        fault = Fault(STOP, time.monotonic(), group)
        os.killpg(group, signal.SIGSTOP)
        pause.wait(_STOPPED)
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)
        return fault


def children(pid: int) -> list[int]:
    """The processes that a process has started; none where it is gone."""
    with suppress(OSError):
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in listed.split()]
    return []
