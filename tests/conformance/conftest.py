"""Fixtures: both servers and a worker on one database, for the whole session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from taskrow.domain.settings import Settings
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from tests.conformance.servers import APP, KINDS, Server, gunicorn, waitress
from tests.support.postgres import PostgresServer
from tests.support.processes import Process, ProcessFactory, processes

MAX_BODY = 100_000


@dataclass
class House:
    """One database, two kinds of web server and a worker on it, and a look inside."""

    start: ProcessFactory
    env: dict[str, str]
    worker: Process
    servers: dict[str, Server]
    engine: QueueEngine

    def count(self) -> int:
        """How many rows there are."""
        with self.engine.database.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar_one())

    def bases(self) -> list[str]:
        return [server.base for server in self.servers.values()]


@contextmanager
def open_house(directory: Path, url: str) -> Iterator[House]:
    """All of it ends with the block."""
    env = {"FLASK_SECRET_KEY": '"the key of the tests"', "FLASK_TASKROW_MAX_BODY": str(MAX_BODY)}
    env |= {"FLASK_TASKROW_MAX_WAIT": "20"}
    engine = QueueEngine(Settings(database_url=url), Registry())
    with processes(directory, url) as start:
        options = ["--runners", "2", "--queues", "default"]
        worker = start.worker(*options, app=APP, env=env)
        servers = {"gunicorn": gunicorn(start, env), "waitress": waitress(start, env)}
        yield House(start, env, worker, servers, engine)
    engine.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """On SQLite."""
    directory = tmp_path_factory.mktemp("house")
    with open_house(directory, f"sqlite:///{directory / 'tasks.db'}") as house:
        yield house


@pytest.fixture(scope="session")
def postgres_house(
    tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer
) -> Iterator[House]:
    """On PostgreSQL."""
    url = postgres.create_database()
    with open_house(tmp_path_factory.mktemp("house"), url) as house:
        yield house
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def any_house(request: pytest.FixtureRequest) -> House:
    """On either kind of database."""
    name = "house" if request.param == "sqlite" else "postgres_house"
    found = request.getfixturevalue(name)
    assert isinstance(found, House)
    return found


@pytest.fixture(params=list(KINDS))
def server(request: pytest.FixtureRequest, house: House) -> Server:
    """Each of the two servers in turn."""
    return house.servers[request.param]


@pytest.fixture
def base(server: Server) -> str:
    """Its address."""
    return server.base
