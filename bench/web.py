"""gunicorn with one process of threads, as a place for applications that are measured."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.crowd import ask_all, hear_all

ROOT = Path(__file__).parents[1]
_PATIENCE = 60.0


@dataclass(frozen=True)
class Web:
    """A server that answers, and the process in it that does."""

    port: int
    pid: int


@contextmanager
def serving(app: str, environment: Mapping[str, str], *, threads: int) -> Iterator[Web]:
    """Serve an application as long as the block lasts. RuntimeError when it does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = ["gunicorn", "--worker-class", "gthread", "--threads", str(threads)]
    command += ["--bind", f"127.0.0.1:{port}", "--backlog", "1024", "--log-level", "warning", app]
    process = start(command, environment)
    try:
        yield Web(port, _child_of(process, port))
    finally:
        end(process)


def start(command: list[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """``python -m`` with a command, in a session of its own."""
    env = os.environ | environment | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", *command], env=env, start_new_session=True)


def end(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL when that is not heard."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _child_of(master: subprocess.Popen[bytes], port: int) -> int:
    """The process of gunicorn that answers, once it does."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            hear_all(ask_all(port, ["GET /"]), 5)
        except OSError:
            time.sleep(0.05)
            continue
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        return int(children[0])
    raise RuntimeError("gunicorn does not answer")
