"""Random lives of tasks beside the model; many more: ``python -m tests.model --runs 2000``."""

from __future__ import annotations

import pytest

from tests.model.life import live
from tests.model.place import open_place

RUNS = {"sqlite": 300, "postgresql": 60}


@pytest.mark.timeout(300)
def test_the_tables_are_as_they_should_be(database_url: str) -> None:
    kind = database_url.partition("+")[0].partition(":")[0]
    with open_place(database_url) as place:
        assert live(place, runs=RUNS[kind], luck=1).runs >= RUNS[kind]
