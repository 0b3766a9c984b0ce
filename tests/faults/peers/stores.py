"""What keeps the tasks of a system: a file, or a server that can be killed and started again."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from bench.peers import Peers
from bench.redis_server import RedisServer
from sqlalchemy import create_engine, text

from tests.faults.needs import Unavailable
from tests.faults.peers.systems import POSTGRES, REDIS, REDIS_AOF, System
from tests.support.postgres import PostgresServer, PostgresUnavailable


class NotApplicable(Exception):
    """A case has no meaning for a system; the message says why."""


class Store(ABC):
    """url: for clients. has_server: whether there is one that can be killed."""

    url: str
    has_server = True

    @abstractmethod
    def kill(self) -> None:
        """kill -9 to the server."""

    @abstractmethod
    def start(self) -> None:
        """Start it again, with what its disk has."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Of what keeps the tasks."""

    @abstractmethod
    def keep_up(self) -> None:
        """As a process manager does: start it, where it has ended."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything."""


class File(Store):
    """An SQLite file: whoever uses it is the server."""

    has_server = False

    def __init__(self, url: str) -> None:
        self.url = url

    def kill(self) -> None:
        """There is nobody."""

    start = keep_up = close = kill

    def versions(self) -> dict[str, str]:
        return {"SQLite": sqlite3.sqlite_version}


class Redis(Store):
    """A Redis server."""

    def __init__(self, server: RedisServer) -> None:
        self._server, self.url = server, server.url()

    def kill(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.start()

    def keep_up(self) -> None:
        if self._server.has_ended:
            self.kill()
            self.start()

    close = kill

    def versions(self) -> dict[str, str]:
        return {"Redis": self._server.version()}


class Postgres(Store):
    """A PostgreSQL server."""

    def __init__(self, directory: Path) -> None:
        self._server = PostgresServer(directory, fsync=True)
        try:
            self._server.start()
        except PostgresUnavailable as error:
            raise Unavailable(str(error)) from None
        self.url = self._server.create_database()

    def kill(self) -> None:
        self._server.kill()

    def start(self) -> None:
        self._server.start()

    def keep_up(self) -> None:
        """It starts its own processes again."""

    def versions(self) -> dict[str, str]:
        with create_engine(self.url).connect() as connection:
            return {"PostgreSQL": str(connection.scalar(text("SHOW server_version")))}

    def close(self) -> None:
        self._server.stop()


def open_store(
    system: System, directory: Path, peers: Peers, environment: Mapping[str, str]
) -> Store:
    """The store of a system, fresh and empty, below a directory. environment: for its server."""
    if system.store in (REDIS, REDIS_AOF):
        durable = system.store == REDIS_AOF
        return Redis(
            RedisServer(directory / "redis", peers, durable=durable, environment=environment)
        )
    if system.store == POSTGRES:
        return Postgres(directory)
    file = str(directory / "tasks.db")
    return File(file if system.peer else f"sqlite:///{file}")
