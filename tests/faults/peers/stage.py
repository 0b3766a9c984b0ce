"""Where a portable case plays: one system on a fresh store, asked and killed by the case."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from bench.peers import Peers
from bench.remote import Asked, NoAnswer

from tests.faults.needs import Unavailable
from tests.faults.peers.clients.client import Spec, Status
from tests.faults.peers.processes import Family
from tests.faults.peers.stores import Store, open_store
from tests.faults.peers.systems import System
from tests.faults.scene import Shim

START = 60.0  # seconds that a worker may take to be ready
ANSWER = 30.0  # seconds that a submit, or a look, may take


@contextmanager
def _needed() -> Iterator[None]:
    """What cannot be had here says nothing of the system."""
    try:
        yield
    except NoAnswer as why:
        raise Unavailable(str(why)) from None


class Stage:
    """One case's place for one system. ``python``: of the system's environment."""

    def __init__(self, system: System, directory: Path, peers: Peers) -> None:
        self.system, self.directory, self._peers = system, directory, peers
        self.file = directory / "tasks.db"
        self._store_directory = directory
        self.environment: dict[str, str] = {}
        self._families: list[Family] = []
        self._kept: dict[Family, Callable[[], Family]] = {}
        self._agents: list[Asked] = []

    @cached_property
    def python(self) -> Path:
        if self.system.peer is None:
            return Path(sys.executable)
        with _needed():
            return self._peers.python(self.system.peer)

    @cached_property
    def store(self) -> Store:
        """Its store; made when it is first asked for."""
        with _needed():
            return open_store(self.system, self._store_directory, self._peers, self.environment)

    @cached_property
    def clock(self) -> Shim:
        """The wall clock of the store's server, the producer and the workers; ask for it first."""
        shim = Shim("clock", self)
        self.environment = shim.env
        return shim

    @cached_property
    def small_disk(self) -> Path:
        """A disk of 128 MB for the store; ask for it first. Unavailable where none can be made."""
        place = self.path("disk")
        place.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=128m,mode=700", "tmpfs", place],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise Unavailable(f"needs root, to mount a small disk: {done.stderr.strip()}")
        self._store_directory = place
        return place

    @property
    def _environment(self) -> dict[str, str]:
        spec = Spec(self.system.client, self.store.url, self.system.settings)
        return {**spec.environment, **self.environment}

    def start_agent(self) -> Asked:
        """A producer more."""
        log = self.path(f"agent-{len(self._agents)}.log")
        agent = Asked(self.python, ["tests.faults.peers.agent"], log, self._environment)
        self._agents.append(agent)
        return agent

    @cached_property
    def agent(self) -> Asked:
        return self.start_agent()

    def ask(self, question: str, **given: Any) -> dict[str, Any]:
        """Ask the producer. NoAnswer, with a fresh producer, where it fails or hangs."""
        try:
            return self.agent.ask_within(ANSWER, question, given)
        except NoAnswer:
            if self.agent.has_ended:
                del self.agent
            raise

    def submit(self, task: str, *args: object, delay: float | None = None) -> str:
        """Submit a call of a task function; its id."""
        return str(self.ask("submit", task=task, args=args, delay=delay)["id"])

    def status(self, task_id: str) -> Status:
        return Status(**self.ask("status", id=task_id))

    def versions(self) -> dict[str, str]:
        """Of the library's packages, and of its store."""
        return {**self.ask("versions"), **self.store.versions()}

    def worker(self, at_once: int = 1, environment: dict[str, str] | None = None) -> Family:
        """A worker that is ready. It runs so many tasks at once."""
        answer = self.ask("worker", at_once=at_once)
        worker = self._start(answer["arguments"], {**self._environment, **(environment or {})})
        worker.first.wait_for(answer["ready"], START)
        return worker

    def _start(self, arguments: list[str], environment: dict[str, str]) -> Family:
        log = self.path(f"worker-{len(self._families)}.log")
        worker = Family(self.python, arguments, environment, log)
        self._families.append(worker)
        self._kept[worker] = partial(self._start, arguments, environment)
        return worker

    def kill(self, worker: Family) -> None:
        """kill -9 to a whole worker, for good: it is not kept up."""
        del self._kept[worker]
        worker.kill_all()

    def keep_up(self) -> None:
        """As a process manager does: a new worker for each that has ended by itself."""
        for worker, start_again in list(self._kept.items()):
            if worker.has_ended:
                del self._kept[worker]
                start_again()

    @property
    def workers(self) -> int:
        """How many have been started."""
        return len(self._families)

    def path(self, name: str) -> Path:
        return self.directory / name

    def close(self) -> None:
        """End everything that was started."""
        for agent in self._agents:
            agent.close()
        for family in self._families:
            family.kill_all()
        if "store" in self.__dict__:
            self.store.close()
        if "small_disk" in self.__dict__:
            subprocess.run(["umount", "-l", self.small_disk], check=True)
