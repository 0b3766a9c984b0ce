"""What disturbs the soak: kills and stops of workers, runners and the web process, at random."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.support.processes import Process

Start = Callable[[], Process]


class Chaos:
    """Keeps some processes running, and hurts one of them now and then."""

    def __init__(self, web: Start, worker: Start, workers: int, seed: int) -> None:
        self._start_web, self._start_worker = web, worker
        self._chance = random.Random(seed)
        self.web = web()
        self.workers = [worker() for _ in range(workers)]
        self.faults: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """How many processes were killed."""
        return sum(times for fault, times in self.faults.items() if "kill" in fault)

    def hurt(self, pause: threading.Event) -> None:
        """One fault. ``pause``: set when the soak is over, so that nobody stays stopped."""
        faults: list[Callable[[], None]] = [self._kill_worker, self._kill_runner]
        faults += [self._kill_supervisor, self._kill_worker, self._kill_web]
        faults += [lambda: self._stop_worker(pause)]
        self._chance.choice(faults)()

    def heal(self) -> None:
        """Start what has ended."""
        self.workers = [
            w if w.process.poll() is None else self._start_worker() for w in self.workers
        ]
        if self.web.process.poll() is not None:
            self.web = self._start_web()

    def _kill_worker(self) -> None:
        self.faults["kill -9 of a whole worker"] += 1
        self._chance.choice(self.workers).end_group()
        self.heal()

    def _kill_supervisor(self) -> None:
        self.faults["kill -9 of a supervisor"] += 1
        self._chance.choice(self.workers).kill()
        self.heal()

    def _kill_runner(self) -> None:
        self.faults["kill -9 of a runner"] += 1
        with suppress(ProcessLookupError, FileNotFoundError, IndexError):
            runners = children(self._chance.choice(self.workers).pid)
            os.kill(self._chance.choice(runners), signal.SIGKILL)

    def _kill_web(self) -> None:
        self.faults["kill -9 of the web server"] += 1
        self.web.end_group()
        self.heal()

    def _stop_worker(self, pause: threading.Event) -> None:
        """Past its lease, so that it comes back as a zombie."""
        self.faults["SIGSTOP of a worker past its lease"] += 1
        group = self._chance.choice(self.workers).pid
        os.killpg(group, signal.SIGSTOP)
        pause.wait(2.5)
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGCONT)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]
