"""Web processes and workers of neighbouring versions on one database, while it is upgraded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.upgrades.playing import play
from tests.upgrades.versions import TODAY, next_version

pytestmark = pytest.mark.timeout(200)


def test_nothing_is_lost_or_done_twice_while_the_tables_are_upgraded_under_old_processes(
    database_url: str, tmp_path: Path
) -> None:
    following = next_version(tmp_path / "next")
    seen = play(tmp_path, database_url, TODAY, following, kill_every=10)
    assert seen.wrongs == []
    assert seen.tasks > 40
    assert seen.kills is not None
    assert seen.kills.old > 0
    assert seen.kills.old + seen.kills.new == seen.kills.number
