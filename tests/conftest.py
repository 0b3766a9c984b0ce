"""Fixtures: a real database of each kind, an engine on it, real workers."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from taskrow.domain.settings import Settings
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage.database import Database
from tests.support.databases import Templates, sqlite_url_of
from tests.support.postgres import PostgresServer, PostgresUnavailable
from tests.support.processes import ProcessFactory, processes

if TYPE_CHECKING:
    from tests.support.shell import Shell

MUST_NOT_SKIP = bool(os.environ.get("CI"))
KINDS = ["sqlite", "postgresql"]


def pytest_configure() -> None:
    """A shell that runs us in the background has us ignore Ctrl-C; our children must hear it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL for the whole session."""
    with tempfile.TemporaryDirectory(prefix="taskrow-") as directory:
        server = PostgresServer(Path(directory))
        try:
            server.start()
        except PostgresUnavailable as error:
            if MUST_NOT_SKIP:
                raise
            pytest.skip(str(error))
        yield server
        server.stop()


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Makes databases that have taskrow's tables already."""
    return Templates(tmp_path_factory.mktemp("templates"))


def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new database with taskrow's tables, of the kind that ``request`` asks for."""
    templates: Templates = request.getfixturevalue("templates")
    if request.param == "sqlite":
        yield templates.new_file(tmp_path / "tasks.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = templates.new_on(server)
    yield url
    server.drop_database(url)


def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Like :func:`new_database_url`, but of one that nobody has opened yet."""
    if request.param == "sqlite":
        yield sqlite_url_of(tmp_path / "tasks.db")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without rows: every test that uses it runs on both kinds.

    It has taskrow's tables, but for tests with the mark ``empty_database``.
    """
    empty = request.node.get_closest_marker("empty_database")
    new_url = empty_database_url if empty else new_database_url
    yield from new_url(request, tmp_path)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that is not there yet, for what only SQLite has."""
    return sqlite_url_of(tmp_path / "tasks.db")


@pytest.fixture
def engine(database_url: str) -> Iterator[QueueEngine]:
    """A queue without any application around it."""
    engine = QueueEngine(Settings(database_url=database_url), Registry())
    yield engine
    engine.close()


@pytest.fixture
def database(engine: QueueEngine) -> Database:
    """The database of :func:`engine`, with its tables made."""
    return engine.database


@pytest.fixture
def start(tmp_path: Path, database_url: str) -> Iterator[ProcessFactory]:
    """Starts real workers and web servers on the test's database; all end with the test."""
    with processes(tmp_path, database_url) as factory:
        yield factory


@pytest.fixture(params=["taskrow", "flask tasks"])
def spelling(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the commands are called."""
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "true")  # Flask sets it, and it must not stay
    return str(request.param)


@pytest.fixture
def shell(database_url: str, spelling: str) -> Iterator[Shell]:
    """The commands on an application of the test's own database."""
    from tests.doors.site import open_app
    from tests.support.shell import Shell

    with open_app(database_url) as app, app.app_context():
        yield Shell(app, spelling)
