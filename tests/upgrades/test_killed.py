"""An upgrade that is killed leaves the old tables or the new ones.

Those of a database in use: test_neighbours.py. At each operation: ``python -m tests.upgrades``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow.storage.schema import known_revisions
from tests.faults.operations.upgrading import NOTHING
from tests.upgrades.killing import kill_alone

pytestmark = pytest.mark.timeout(200)


@pytest.mark.parametrize("revision", [NOTHING, known_revisions()[-2]])
def test_the_old_tables_or_the_new_ones_are_left(tmp_path: Path, revision: str) -> None:
    kills = kill_alone(tmp_path, revision, every=9)
    assert kills.old > 0
    assert kills.new > 0
