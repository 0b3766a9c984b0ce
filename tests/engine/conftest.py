"""Fixtures: applications on the test's database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.scene import Clock, Site, SiteFactory


@pytest.fixture
def site_factory(database_url: str) -> Iterator[SiteFactory]:
    """Makes applications on one database; with the same clock where none is given."""
    made: list[Site] = []
    clock = Clock()

    def make(application: str = "shop", own_clock: Clock | None = None) -> Site:
        made.append(Site(database_url, own_clock or clock, application))
        return made[-1]

    yield make
    for site in made:
        site.engine.close()


@pytest.fixture
def site(site_factory: SiteFactory) -> Site:
    """One application."""
    return site_factory()
