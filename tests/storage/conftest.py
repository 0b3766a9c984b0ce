"""Fixtures of the storage tests.

On PostgreSQL most of them share one database, emptied before each: to make one takes longer than
most tests. Those about the schema itself take a ``fresh_url``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url

from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import ensure_schema
from taskrow.storage.tables import metadata
from tests.conftest import empty_database_url
from tests.support.databases import Templates
from tests.support.postgres import PostgresServer
from tests.support.processes import free_port

TABLES = ", ".join(metadata.tables)


@pytest.fixture(scope="session")
def shared_database(postgres: PostgresServer) -> Iterator[Database]:
    """The PostgreSQL database that most tests share."""
    url = postgres.create_database()
    database = open_database(url, busy_timeout=5)
    ensure_schema(database)
    yield database
    database.close()
    postgres.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without rows: every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        templates: Templates = request.getfixturevalue("templates")
        return templates.new_file(tmp_path / "tasks.db")
    shared: Database = request.getfixturevalue("shared_database")
    shared.write(_empty)
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database that nobody has opened yet."""
    yield from empty_database_url(request, tmp_path)


@pytest.fixture
def fresh(fresh_url: str) -> Iterator[Database]:
    """A database in which there is nothing yet."""
    database = open_database(fresh_url, busy_timeout=5)
    yield database
    database.close()


@pytest.fixture
def path(sqlite_url: str) -> Path:
    """The file of ``sqlite``."""
    return Path(str(make_url(sqlite_url).database))


@pytest.fixture
def sqlite(sqlite_url: str) -> Iterator[Database]:
    """A fresh SQLite database with its tables made, for what only SQLite has."""
    database = open_database(sqlite_url, busy_timeout=5)
    ensure_schema(database)
    yield database
    database.close()


@pytest.fixture
def postgresql(shared_database: Database) -> Database:
    """The shared PostgreSQL database, emptied, for what only PostgreSQL has."""
    shared_database.write(_empty)
    return shared_database


@pytest.fixture
def postgres_url(shared_database: Database) -> str:
    """The URL of the shared PostgreSQL database."""
    return str(shared_database.url.render_as_string(hide_password=False))  # type: ignore[attr-defined]


@pytest.fixture
def unused_port() -> int:
    """A port on which nobody listens."""
    return free_port()


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that every user can get at; pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="taskrow-") as directory:
        yield Path(directory)


def _empty(connection: Connection) -> None:
    connection.exec_driver_sql(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
