"""Play many histories, on all processors, until enough or until one goes wrong."""

from __future__ import annotations

import gc
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tests.simulation.mutants import MUTANTS
from tests.simulation.world import play
from tests.support.flaws import flawed

S = TypeVar("S")
T = TypeVar("T")


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


def play_many(seeds: Sequence[str], *, processes: int = 1) -> Played:
    """Play the histories of these seeds."""
    played = Played()
    for part in _in_processes(_play, [seeds[at::processes] for at in range(processes)], processes):
        played.add(part)
    return played


def play_mutants(
    names: Sequence[str], seeds: Sequence[str], *, processes: int = 1
) -> dict[str, Played]:
    """With each of these flaws, until a history shows it."""
    play_one = partial(_play_mutant, seeds)
    return dict(zip(names, _in_processes(play_one, names, processes), strict=True))


def _in_processes(do: Callable[[S], T], parts: Sequence[S], processes: int) -> Iterable[T]:
    if processes == 1:
        return map(do, parts)
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        return pool.map(do, parts, chunksize=1)


def _play_mutant(seeds: Sequence[str], mutant: str) -> Played:
    with flawed(MUTANTS[mutant]):
        return _play(seeds, stop_at_first=True)


def _play(seeds: Sequence[str], *, stop_at_first: bool = False) -> Played:
    played = Played()
    with _seldom_collecting():
        for seed in seeds:
            verdict = play(seed)
            played.histories += 1
            played.deaths += verdict.deaths
            played.second_attempts += verdict.second_attempts
            if verdict.wrongs:
                played.wrong += 1
                wrongs = " ".join("; ".join(verdict.wrongs).split())
                played.first = played.first or f"--seed {seed}: {wrongs[:400]}"
                if stop_at_first:
                    break
    return played


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """A history leaves thousands of objects at once: to look for them in between is in vain."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)
