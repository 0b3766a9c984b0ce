"""One site for all tests of a module: ``APP`` says which application it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.coexistence.site import Site, Visitor, open_site
from tests.support.databases import Templates


@pytest.fixture(scope="module")
def site(
    request: pytest.FixtureRequest,
    templates: Templates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The module's application and its worker."""
    directory = tmp_path_factory.mktemp("site")
    url = templates.new_file(directory / "tasks.db")
    with open_site(request.module.APP, directory, url) as site:
        yield site


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """A client that nobody knows yet."""
    return site.visitor()
