"""The power goes while a web process and a worker write: nothing that was promised is lost.

The long forms: ``python -m tests.faults.power --images 100000``, and ``--mutants``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.power.cutting import Found, cut_all
from tests.faults.power.disk import DROPPED, KEPT, TORN
from tests.faults.power.mutants import MUTANTS
from tests.faults.power.workload import record

LONG = {"journal-in-memory"}  # it is noticed as synchronous-off is


def cut(directory: Path, *, tasks: int, images: int, mutant: str | None = None) -> Found:
    log = record(directory, tasks=tasks, seed=1, mutant=mutant)
    return cut_all(log, images=images, seed=1, processes=1)


@pytest.mark.timeout(300)
def test_whatever_was_promised_is_there_after_the_power_went(tmp_path: Path) -> None:
    found = cut(tmp_path, tasks=80, images=3000)
    assert (found.bad, found.first) == (0, "")
    assert found.promises > 100
    assert found.images == 3000
    assert min(found.kinds[kind] for kind in (DROPPED, KEPT, TORN)) > 300


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", sorted(MUTANTS.keys() - LONG))
def test_each_flaw_shows_in_some_image(tmp_path: Path, mutant: str) -> None:
    assert cut(tmp_path, tasks=30, images=600, mutant=mutant).bad > 0
