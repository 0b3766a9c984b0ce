"""Histories in virtual time; many more: ``python -m tests.simulation --histories 20000``."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.playing import play_many
from tests.simulation.world import play

HISTORIES, MOST = 200, 300


@pytest.mark.timeout(300)
def test_every_history_can_be_explained() -> None:
    played = play_many([f"ci-{number}" for number in range(HISTORIES)])
    assert (played.wrong, played.first) == (0, "")
    assert played.deaths > HISTORIES / 5
    assert played.second_attempts > HISTORIES / 5


def test_a_seed_plays_the_same_history_again() -> None:
    assert play("again") == play("again")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_each_flaw_shows_in_some_history(mutant: str) -> None:
    seeds = [f"ci-{number}" for number in range(MOST)]
    assert play_many(seeds, mutant=mutant, stop_at_first=True).wrong == 1
