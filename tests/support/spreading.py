"""How the tests are spread over the processes of pytest-xdist.

A file stays together, for what its tests share. Long tests that share nothing go alone, and first:
one that begins last is waited for with idle hands.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

ALONE = (
    "tests/test_kills.py",
    "tests/test_commit_kills.py",
    "tests/soak/test_soak.py",
    "tests/simulation/test_simulation.py",
    "tests/model/test_model.py",
    "tests/faults/test_power.py",
    "tests/faults/test_operations.py",
    "tests/faults/test_board.py",
    "tests/upgrades/test_neighbours.py",
    "tests/testing/test_documentation.py",
    "tests/doors/test_typing.py",
    "tests/doors/test_flask_migrate.py",
)


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


class Spreading(LoadFileScheduling):  # type: ignore[misc] # pytest-xdist has no types
    """Hands out files, and the tests of some files one by one, in the order of the collection."""

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # else those with most tests would be first

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if file_of(nodeid) in ALONE else file_of(nodeid)


def longest_first(items: list[pytest.Item]) -> None:
    """Put the tests that go alone before all others: one of each file, and again one of each.

    So those that wait for processes to die run beside those that calculate.
    """
    places, nth = {file: place for place, file in enumerate(ALONE)}, Counter[str]()

    def turn(item: pytest.Item) -> tuple[bool, int, int]:
        file = file_of(item.nodeid)
        nth[file] += 1
        return (False, nth[file], places[file]) if file in places else (True, 0, 0)

    items.sort(key=turn)
