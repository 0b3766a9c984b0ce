"""The scoreboard: each of its cases holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.board import Case, all_cases
from tests.faults.scene import scene


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "case", all_cases(), ids=lambda case: f"{case.number}-{case.play.__name__}"
)
def test_survived(case: Case, tmp_path: Path) -> None:
    with scene(tmp_path) as here:
        case.play(here)
