"""The web server and the worker of the demo, as child processes that never outlive their parent."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from sqlalchemy import URL

from taskrow.engine.child import ChildProcess
from taskrow.starting import die_with

HOST = "127.0.0.1"
APP = "taskrow.demo.application:create_app"
PATIENCE = 10.0  # seconds that a child may take to stop
_GRACE = 1  # seconds that tasks may go on after Ctrl-C; they go on when the demo does


def listen(port: int) -> socket.socket:
    """Take the port now, so that nobody is told a URL that fails. OSError if it is taken."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(128)
    return listener


class Child(ChildProcess):
    """One child process that can be started again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        output: IO[bytes] | None = None,
        files: Sequence[int] = (),
    ) -> None:
        super().__init__(name, command)
        self._env, self._output, self._files = env, output, files
        self.started_at = 0.0  # monotonic

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; it does not outlive its parent."""
        self.started_at = time.monotonic()
        self.launch(
            env=os.environ | self._env,
            stdout=self._output,
            stderr=self._output,
            pass_fds=self._files,
            preexec_fn=partial(die_with, os.getpid()),  # we have one thread
        )

    def how_it_ended(self) -> str | None:
        """Its end in words; None while it runs."""
        code = self.exit_code()
        if code is None:
            return None
        return f"was killed (signal {-code})" if code < 0 else f"ended with exit code {code}"

    def kill(self) -> None:
        """``kill -9``: it learns nothing of it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Let it end in good order; not for longer than some seconds."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        self.tell(number)
        self.wait(PATIENCE)


@dataclass(frozen=True)
class Pair:
    """The web server and the worker on one file."""

    web: Child
    worker: Child
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Start both."""
        self.web.start()
        self.worker.start()

    def stop(self) -> None:
        """End both: first the one that takes work in."""
        self.web.stop()
        self.worker.stop()


def make_pair(
    listener: socket.socket, database: Path, runners: int, output: IO[bytes] | None = None
) -> Pair:
    """Both processes, not started yet. ``output``: a file for what they print; None is ours."""
    url = URL.create("sqlite", database=str(database)).render_as_string()
    env = {
        "FLASK_TASKROW_DATABASE_URL": url,
        # Browsers send the cookies of everything on this host; the views' requests keep them.
        "FLASK_SECRET_KEY": f'"{secrets.token_hex()}"',
        "PYTHONUNBUFFERED": "1",
    }
    file = listener.fileno()
    serve = ["taskrow.demo.web", str(file)]
    work = ["taskrow", "--app", APP, "worker", "--runners", str(runners), "--grace", str(_GRACE)]
    return Pair(
        web=Child("web server", serve, env=env, output=output, files=[file]),
        worker=Child("worker", work, env=env, output=output),
        port=int(listener.getsockname()[1]),
    )
