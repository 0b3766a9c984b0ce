"""Real processes for the tests: workers and web servers, and waiting for what they do."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
# Where child processes find the code: first wherever the tests were told to take it from.
PATH = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)]))


def eventually(look: Callable[[], T], seconds: float = 30.0) -> T:
    """Look again and again until it is true, and return it; AssertionError when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        threading.Event().wait(0.01)
    return found


class Process:
    """A child process in a session of its own, with its output in a file."""

    def __init__(self, command: list[str], *, env: dict[str, str], log: Path, cwd: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                env=os.environ | {"PYTHONPATH": PATH, "PYTHONUNBUFFERED": "1"} | env,
                cwd=cwd,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self.pid = self.process.pid
        self._forgotten = 0  # bytes

    def output(self) -> str:
        return self.log.read_bytes()[self._forgotten :].decode(errors="replace")

    def forget_output(self) -> None:
        """Its output begins here."""
        self._forgotten = self.log.stat().st_size

    def wait_for(self, words: str, seconds: float = 30.0) -> None:
        """Wait until the output has ``words``; AssertionError if the process ends before."""

        def look() -> bool:
            if words in self.output():
                return True
            assert self.process.poll() is None, f"ended before {words!r}:\n{self.output()}"
            return False

        eventually(look, seconds)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the process alone; what it started must notice by itself."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM, and its exit code."""
        self.process.terminate()
        return self.process.wait(seconds)

    def end_group(self) -> None:
        """Whatever is left of it: nothing survives a test."""
        if not self._is_anothers():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def _is_anothers(self) -> bool:
        """Whether its number was given to another process since it ended: in an hour many are."""
        return self.process.returncode is not None and Path(f"/proc/{self.pid}").exists()


class ProcessFactory:
    """Starts processes of one test and ends them with it."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self._directory = directory
        self._env = {"FLASK_TASKROW_DATABASE_URL": database_url}
        self._started: list[Process] = []

    def start(
        self, *command: str, log: str = "process", env: dict[str, str] | None = None
    ) -> Process:
        """Start ``python -m`` with a command."""
        path = self._directory / f"{log}-{len(self._started)}.log"
        process = Process(
            [sys.executable, "-m", *command],
            env=self._env | (env or {}),
            log=path,
            cwd=self._directory,
        )
        self._started.append(process)
        return process

    def worker(
        self, *options: str, app: str = "tests.apps.basic:app", env: dict[str, str] | None = None
    ) -> Process:
        """A worker that has started."""
        worker = self.start("taskrow", "--app", app, "worker", *options, log="worker", env=env)
        worker.wait_for(" started: ")
        return worker

    def web(
        self, app: str = "tests.apps.basic:app", port: int | None = None
    ) -> tuple[Process, str]:
        """A web server that answers, and its base URL."""
        port = port or free_port()
        web = self.start("flask", "--app", app, "run", "--port", str(port), log="web")
        web.wait_for("Running on")
        return web, f"http://127.0.0.1:{port}"

    def end(self) -> None:
        for process in self._started:
            process.end_group()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def processes(directory: Path, database_url: str) -> Iterator[ProcessFactory]:
    """A factory whose processes all end with the block."""
    factory = ProcessFactory(directory, database_url)
    try:
        yield factory
    finally:
        factory.end()
