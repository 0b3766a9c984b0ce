"""Any I/O operation may fail, in the tables' making as in the purge: what was promised stays.

The long form, which fails each of them: ``python -m tests.faults.operations``.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.faults.operations.failing import fail_each
from tests.faults.operations.host import ACTIONS

EVERY = 60
FAILURES = [action for action in ACTIONS[1:] if action != "kill"]  # which is case 6 of the board


@pytest.mark.timeout(300)
@pytest.mark.parametrize("action", FAILURES)
def test_nothing_is_lost_when_an_operation_fails(tmp_path: Path, action: str) -> None:
    first = random.Random(action).randrange(1, EVERY)
    seen = fail_each(tmp_path, action, first=first, every=EVERY)
    assert seen.wrongs == []
    assert seen.lives >= 6
    assert seen.noticed >= 1


def test_a_promise_before_the_commit_is_noticed(tmp_path: Path) -> None:
    seen = fail_each(tmp_path, "kill", first=100, every=35, mutant="promise-first")
    assert any("accepted tasks are gone" in wrong for wrong in seen.wrongs)
