"""Fixtures of the doors: a site of each kind, shared by all their tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import new_database_url
from tests.doors.rest import Api, open_api
from tests.doors.site import Site, open_site
from tests.support.databases import Templates
from tests.support.postgres import PostgresServer

KINDS = ["sqlite", "postgresql"]


@pytest.fixture(scope="session")
def sqlite_site(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An application and its worker on a file."""
    directory = tmp_path_factory.mktemp("site")
    with open_site(directory, templates.new_file(directory / "tasks.db")) as site:
        yield site


@pytest.fixture(scope="session")
def postgresql_site(
    templates: Templates, postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """An application and its worker on a server."""
    url = templates.new_on(postgres)
    with open_site(tmp_path_factory.mktemp("site"), url) as site:
        yield site
    postgres.drop_database(url)


@pytest.fixture(scope="session", params=KINDS)
def site(request: pytest.FixtureRequest) -> Site:
    """An application and its worker, on either kind of database."""
    found: Site = request.getfixturevalue(f"{request.param}_site")
    return found


@pytest.fixture
def in_app(site: Site) -> Iterator[Site]:
    """The site, with its application's context pushed: task functions know where to go."""
    with site.app.app_context():
        yield site


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The application that opens ``/tasks``, and its worker, on either kind of database."""
    directory = tmp_path_factory.mktemp("api")
    for url in new_database_url(request, directory):
        with open_api(directory, url) as api:
            yield api
