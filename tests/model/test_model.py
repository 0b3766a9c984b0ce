"""Random lives of tasks beside the model; others: ``python -m tests.model --seed 7``."""

from __future__ import annotations

from unittest.mock import patch

import pytest

from tests.model.life import live
from tests.model.mutants import MUTANTS
from tests.model.place import open_place
from tests.support.flaws import flawed

RUNS = {"sqlite": 900, "postgresql": 100}  # of each seed
MOST = 1500  # the rarest shows after some hundreds


@pytest.mark.timeout(600)
@pytest.mark.parametrize("luck", [1, 2])
def test_the_tables_are_as_they_should_be(database_url: str, luck: int) -> None:
    with open_place(database_url) as place:
        runs = RUNS[place.database.dialect]
        lived = live(place, runs=runs, luck=luck)
    assert lived.broken == 0, lived.wrong
    assert lived.runs >= runs


@pytest.mark.timeout(300)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_flaw_shows_in_some_life(database_url: str) -> None:
    missed = []
    with open_place(database_url) as place:
        for name, flaw in MUTANTS.items():
            with flawed(flaw):
                missed += [] if live(place, runs=MOST, luck=1, shrink=False).broken else [name]
    assert missed == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "broken", ["tests.model.world.broken_rows", "tests.model.place.Place.begin"]
)
def test_trouble_at_the_beginning_or_at_the_end_of_a_life_is_told(
    database_url: str, broken: str
) -> None:
    with open_place(database_url) as place, patch(broken, side_effect=OSError("broken")):
        lived = live(place, runs=5, luck=1, shrink=False)
    assert lived.broken
    assert "broken" in lived.wrong
