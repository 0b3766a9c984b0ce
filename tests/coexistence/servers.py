"""Real servers, as they are started in production, and a client for them."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from typing import Any

from tests.doors.site import soon
from tests.support.processes import Process, ProcessFactory, eventually, free_port

APP = "tests.coexistence.apps.served"
GUNICORN = ["gunicorn", "--workers", "2", "--graceful-timeout", "20", "--bind", "127.0.0.1:{port}"]
COMMANDS = {
    "gunicorn sync": [*GUNICORN, f"{APP}:create_app()"],
    "gunicorn gthread": [*GUNICORN, "--threads", "4", f"{APP}:create_app()"],
    "gunicorn preload": [*GUNICORN, "--threads", "4", "--preload", f"{APP}:create_used_app()"],
    "waitress": ["waitress", "--listen", "127.0.0.1:{port}", "--call", f"{APP}:create_app"],
}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """One of them, on a port that it keeps when it is started again."""

    def __init__(self, kind: str, start: ProcessFactory) -> None:
        self.kind, self._start, self._port = kind, start, free_port()
        self.process = self._run()

    def stop(self) -> int:
        """As its manual has it, and its exit code; waitress takes Ctrl-C."""
        self.process.send(signal.SIGINT if self.kind == "waitress" else signal.SIGTERM)
        return self.process.process.wait(30)

    def kill(self) -> None:
        """It, and the processes that it has forked."""
        self.process.end_group()

    def restart(self) -> None:
        self.stop()
        self.process = self._run()

    def ask(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request(method, url, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.msg, response.read())
        finally:
            connection.close()

    def submit(self, url: str, method: str = "GET", **options: Any) -> str:
        """Where the 202 says to look."""
        accepted = self.ask(method, url, **options)
        assert accepted.status == 202, (accepted.status, accepted.body)
        return accepted.headers["Location"]

    def answer(self, location: str) -> Answer:
        def look() -> Answer | None:
            polled = self.ask("GET", location)
            return None if polled.status == 202 else polled

        return soon(look)

    def _run(self) -> Process:
        command = [part.format(port=self._port) for part in COMMANDS[self.kind]]
        process = self._start.start(*command, log=self.kind.replace(" ", "-"))
        eventually(lambda: self._answers(process))
        return process

    def _answers(self, process: Process) -> bool:
        assert process.process.poll() is None, process.output()
        try:
            return self.ask("GET", "/pid").status == 200
        except OSError:
            return False
