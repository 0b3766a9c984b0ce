"""Where contenders work: their interpreters, their servers, and a directory on the disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.postgres import PostgresServer, PostgresUnavailable

from bench.contenders import Contender
from bench.peers import Peers
from bench.redis_server import RedisServer
from bench.remote import NoAnswer


class Places:
    """Made once for a run. A server is started for the first contender that needs it."""

    def __init__(self, directory: Path, peers: Path) -> None:
        self.directory = directory
        self._peers = Peers(peers)
        self._redis = {
            name: RedisServer(directory / name, self._peers, durable=name == "redis-aof")
            for name in ("redis", "redis-aof")
        }
        self._postgres: PostgresServer | None = None

    @contextmanager
    def store(self, contender: Contender) -> Iterator[tuple[Path, str]]:
        """An interpreter and the URL of a fresh store. NoAnswer where there is none to be had."""
        python = Path(sys.executable)
        if contender.peer is not None:
            python = self._peers.python(contender.peer)
        if contender.server in self._redis:
            yield python, self._redis[contender.server].url()
        elif contender.server == "postgres":
            server = self._server()
            url = server.create_database()
            yield python, url
            server.drop_database(url)
        else:
            yield python, ""

    def _server(self) -> PostgresServer:
        if self._postgres is None:
            server = PostgresServer(self.directory, fsync=True, settings=_STOCK)
            try:
                server.start()
            except PostgresUnavailable as error:
                raise NoAnswer(f"not measured: {error}") from None
            self._postgres = server
        return self._postgres

    def close(self) -> None:
        """End the servers."""
        for server in self._redis.values():
            server.stop()
        if self._postgres is not None:
            self._postgres.stop()


_STOCK = {"shared_buffers": "128MB", "max_wal_size": "1GB"}  # PostgreSQL's own defaults
