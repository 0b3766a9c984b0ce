"""Play many histories, on all processors, until enough or until one goes wrong."""

from __future__ import annotations

import multiprocessing
from dataclasses import dataclass
from itertools import starmap

from tests.simulation.mutants import mutated
from tests.simulation.world import play


@dataclass
class Played:
    """What many histories showed; ``first`` is the seed of the first wrong one, with its wrongs."""

    histories: int = 0
    deaths: int = 0
    second_attempts: int = 0
    wrong: int = 0
    first: str = ""

    def add(self, other: Played) -> None:
        """Take in what another process has played."""
        self.histories += other.histories
        self.deaths += other.deaths
        self.second_attempts += other.second_attempts
        self.wrong += other.wrong
        self.first = self.first or other.first


def play_many(
    seeds: list[str], *, mutant: str | None = None, processes: int = 1, stop_at_first: bool = False
) -> Played:
    """Play the histories of these seeds."""
    parts = [(seeds[part::processes], mutant, stop_at_first) for part in range(processes)]
    if processes == 1:
        results = list(starmap(_play, parts))
    else:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            results = pool.starmap(_play, parts)
    played = Played()
    for result in results:
        played.add(result)
    return played


def _play(seeds: list[str], mutant: str | None, stop_at_first: bool) -> Played:
    played = Played()
    with mutated(mutant):
        for seed in seeds:
            verdict = play(seed)
            played.histories += 1
            played.deaths += verdict.deaths
            played.second_attempts += verdict.second_attempts
            if verdict.wrongs:
                played.wrong += 1
                played.first = played.first or f"--seed {seed}: {'; '.join(verdict.wrongs)[:400]}"
                if stop_at_first:
                    break
    return played
