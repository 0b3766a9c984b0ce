"""Tables that a newer taskrow has upgraded while processes of this one use them: they go on."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import pytest

from taskrow.domain.options import TaskOptions
from taskrow.engine.upkeep import FOLD_EVERY, Upkeep
from taskrow.errors import SchemaError
from tests.engine.scene import NOON, Alive, Site, SiteFactory
from tests.support.revisions import migrate
from tests.upgrades.versions import next_version


@pytest.fixture
def upgraded(site: Site, tmp_path: Path) -> Site:
    """An application that has used its tables before they were upgraded."""
    following = next_version(tmp_path / "next")
    scripts = following.directory / "migrations"
    site.engine.database.migrate(partial(migrate, revision=following.head, scripts=scripts))
    return site


def test_a_worker_says_once_that_it_should_be_restarted(
    upgraded: Site, caplog: pytest.LogCaptureFixture
) -> None:
    upkeep = Upkeep(upgraded.engine, "me", Alive())
    with caplog.at_level(logging.WARNING, "taskrow.worker"):
        for turn in range(3):
            upkeep.run_once(NOON, moment=turn * FOLD_EVERY)
    [said] = [record.getMessage() for record in caplog.records]
    assert "newer than this taskrow knows" in said
    assert "restart" in said


def test_a_runner_that_begins_later_does_not_refuse_the_tables_to_its_tasks(
    upgraded: Site, site_factory: SiteFactory
) -> None:
    web, runner = site_factory().engine, site_factory().engine
    runner.outlives_upgrades = True
    runner.submit("report", "{}", TaskOptions())
    with pytest.raises(SchemaError, match="newer than this taskrow knows"):
        web.submit("report", "{}", TaskOptions())
