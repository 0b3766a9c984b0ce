"""Histories in virtual time; others: ``python -m tests.simulation --first 20001``."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import MUTANTS
from tests.simulation.playing import play_many, play_mutants
from tests.simulation.world import play

HISTORIES, PARTS = 20_000, 10  # spread over the processes of pytest
MOST = 300


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_every_history_can_be_explained(part: int) -> None:
    seeds = [f"{number + 1}" for number in range(HISTORIES)][part::PARTS]
    played = play_many(seeds)
    assert (played.wrong, played.first) == (0, "")
    assert played.deaths > len(seeds) / 5
    assert played.second_attempts > len(seeds) / 5


def test_a_seed_plays_the_same_history_again() -> None:
    assert play("again") == play("again")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", sorted(MUTANTS))
def test_each_flaw_shows_in_some_history(mutant: str) -> None:
    seeds = [f"{number + 1}" for number in range(MOST)]
    assert play_mutants([mutant], seeds)[mutant].wrong == 1
