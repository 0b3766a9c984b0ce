"""The tests' own processes: they end with their test, and nobody else's does."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.processes import ROOT, Process

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_who_was_given_the_number_of_one_that_has_ended_is_spared(tmp_path: Path) -> None:
    """An hour of soak starts more processes than there are numbers."""
    ended, other = (Process(SLEEP, env={}, log=tmp_path / "log", cwd=ROOT) for _ in range(2))
    ended.kill()
    ended.pid = other.pid
    ended.end_group()
    assert other.process.poll() is None
    other.end_group()
    assert other.process.poll() is not None
