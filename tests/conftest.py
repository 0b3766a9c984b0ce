"""Fixtures: a real database of each kind, an engine on it, real workers."""

from __future__ import annotations

import logging
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
from tests.support.shared import SharedPlace, shared_place
from tests.support.spreading import Spreading, longest_first

if TYPE_CHECKING:
    from tests.support.shell import Shell

MUST_NOT_SKIP = bool(os.environ.get("CI"))
KINDS = ["sqlite", "postgresql"]


def pytest_configure() -> None:
    """A shell that runs us in the background has us ignore Ctrl-C; our children must hear it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Spreading:
    return Spreading(config, log)


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """A command that runs in this process sets the log up as a worker's; for its own test alone."""
    log = logging.getLogger("taskrow")
    handlers, level, propagate = [*log.handlers], log.level, log.propagate
    yield
    log.handlers[:] = handlers
    log.setLevel(level)
    log.propagate = propagate


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

    It has taskrow's tables, but for tests with the mark ``empty_database``. Those with the mark
    ``shared_worker`` have one for all of their module, emptied before each.
    """
    if is_shared(request):
        place: SharedPlace = request.getfixturevalue(f"shared_{request.param}")
        place.begin(tmp_path)
        yield place.database_url
        return
    empty = request.node.get_closest_marker("empty_database")
    new_url = empty_database_url if empty else new_database_url
    yield from new_url(request, tmp_path)


def is_shared(request: pytest.FixtureRequest) -> bool:
    """Whether a test shares its database and worker; one of such a module may have its own."""
    node = request.node
    return bool(node.get_closest_marker("shared_worker")) and not node.get_closest_marker(
        "own_worker"
    )


@pytest.fixture(scope="module")
def shared_sqlite(
    templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedPlace]:
    """A file, and the worker on it."""
    directory = tmp_path_factory.mktemp("shared")
    with shared_place(directory, templates.new_file(directory / "tasks.db")) as place:
        yield place


@pytest.fixture(scope="module")
def shared_postgresql(
    templates: Templates, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SharedPlace]:
    """A database on the server, and the worker on it."""
    url = templates.new_on(postgres)
    with shared_place(tmp_path_factory.mktemp("shared"), url) as place:
        yield place
    postgres.drop_database(url)


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
def start(
    request: pytest.FixtureRequest, tmp_path: Path, database_url: str
) -> Iterator[ProcessFactory]:
    """Starts real workers and web servers on the test's database; all end with the test.

    With the mark ``shared_worker`` the worker stays for the next test that wants the same one.
    """
    if is_shared(request):
        kind = request.node.callspec.params["database_url"]
        place: SharedPlace = request.getfixturevalue(f"shared_{kind}")
        yield place.processes
        return
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
