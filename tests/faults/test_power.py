"""The power goes while a web process and a worker write, of which some are broken.

Of taskrow as it is, nothing is lost: cases/power.py. The long forms:
``python -m tests.faults.power --images 100000``, and ``--mutants``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.power.cutting import cut_all
from tests.faults.power.mutants import MUTANTS
from tests.faults.power.workload import record

LONG = {"journal-in-memory"}  # it is noticed as synchronous-off is


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", sorted(MUTANTS.keys() - LONG))
def test_each_flaw_shows_in_some_image(tmp_path: Path, mutant: str) -> None:
    log = record(tmp_path, tasks=30, seed=1, mutant=mutant)
    assert cut_all(log, images=600, seed=1, processes=1).bad > 0
