"""The flaws still fit the code. Whether each is noticed: ``python -m tests.mutants``."""

from __future__ import annotations

import ast

import pytest

from tests.mutants.copies import edited
from tests.mutants.flaw import Flaw
from tests.mutants.flaws import FLAWS
from tests.mutants.trials import all_trials
from tests.support.processes import ROOT


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: flaw.name)
def test_each_flaw_fits_the_code(flaw: Flaw) -> None:
    for file, text in edited(flaw).items():
        ast.parse(text, file)
    assert len([one for one in (flaw.tests, flaw.case, flaw.histories) if one]) == 1
    assert bool(flaw.words) == (flaw.case is not None)
    for test in flaw.tests:
        file, _, name = test.partition("::")
        assert f"def {name}" in (ROOT / "tests" / file).read_text()


def test_a_flawed_copy_is_what_its_harness_runs() -> None:
    [trial] = [one for one in all_trials() if one.flaw == "claim without status check"]
    where = trial.where(trial.play())
    assert where is not None
    assert "test_nothing_but_a_queued_task_is_claimed" in where
