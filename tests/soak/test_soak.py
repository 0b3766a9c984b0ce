"""A short soak; the long one: ``python -m tests.soak --minutes 60``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.run import soak


@pytest.mark.empty_database
@pytest.mark.timeout(200)
def test_nothing_is_lost_or_done_twice_among_faults(tmp_path: Path, database_url: str) -> None:
    outcome = soak(tmp_path, database_url, seconds=20, seed=7)
    assert outcome.wrongs == []
    assert outcome.kills >= 1
    assert outcome.history.counts["succeeded"] > 100
