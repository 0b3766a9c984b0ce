"""Real web servers as they run in production, on a port of their own."""

from __future__ import annotations

import socket
from contextlib import suppress

from tests.support.processes import Process, ProcessFactory, eventually, free_port

APP = "tests.conformance.application:create_app"


def gunicorn(start: ProcessFactory, env: dict[str, str], port: int | None = None) -> Server:
    """One process with threads."""
    port = port or free_port()
    command = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "16"]
    command += ["--graceful-timeout", "5", f"{APP}()"]
    return _answering(start.start("gunicorn", *command, log="gunicorn", env=env), port)


def waitress(start: ProcessFactory, env: dict[str, str], port: int | None = None) -> Server:
    """One process with threads, that reads and writes for them all."""
    port = port or free_port()
    command = ["--listen", f"127.0.0.1:{port}", "--threads", "16", "--call", APP]
    return _answering(start.start("waitress", *command, log="waitress", env=env), port)


class Server:
    """A server that answers."""

    def __init__(self, process: Process, port: int) -> None:
        self.process, self.port = process, port
        self.base = f"http://127.0.0.1:{port}"


def _answering(process: Process, port: int) -> Server:
    def look() -> bool:
        assert process.process.poll() is None, process.output()
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    eventually(look)
    return Server(process, port)


KINDS = {"gunicorn": gunicorn, "waitress": waitress}
