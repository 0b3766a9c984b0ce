"""Rounds: every contender fills and drains a fresh file, in turns: the disk's moods hit all alike.

While filling, the contenders take turns of a tenth each, and the turns go forth and back; they
drain one after the other, in an order that is turned around from round to round.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.facts import fdatasync_rate
from bench.huey_peer import Huey, HueyWide
from bench.lane import Lane
from bench.ours import Ours, OursWide
from bench.raw import Raw

LANES: tuple[type[Lane], ...] = (Ours, OursWide, Huey, HueyWide, Raw)
_TURNS = 10
_WARM_UP = 50


@dataclass(frozen=True)
class Round:
    """What one round measured: per second, by lane."""

    delayed: dict[type[Lane], float]
    drained: dict[type[Lane], float]
    durability: dict[type[Lane], str]
    fdatasyncs: float  # of the bare disk, just before
    seconds: float


def run_rounds(directory: Path, *, tasks: int, repeats: int) -> list[Round]:
    """Run all rounds. RuntimeError when a result is missing or wrong."""
    return [_run(directory / str(place), tasks, turned=place % 2 == 1) for place in range(repeats)]


def _run(directory: Path, tasks: int, *, turned: bool) -> Round:
    began = time.perf_counter()
    lanes = [_open(lane, directory) for lane in (reversed(LANES) if turned else LANES)]
    fdatasyncs = fdatasync_rate(directory)
    durability = {type(lane): lane.durability for lane in lanes}
    delayed = _delay(lanes, tasks)
    for lane in lanes:
        lane.close()
    drained = {type(lane): _drain(lane) for lane in lanes}
    return Round(delayed, drained, durability, fdatasyncs, time.perf_counter() - began)


def _open(lane: type[Lane], directory: Path) -> Lane:
    place = directory / lane.__name__
    place.mkdir(parents=True)
    return lane(place)


def _delay(lanes: Sequence[Lane], tasks: int) -> dict[type[Lane], float]:
    """Tasks per second; the first few make files, caches and compiled statements, and are free."""
    for lane in lanes:
        lane.delay(range(_WARM_UP))
    seconds = {type(lane): 0.0 for lane in lanes}
    for turn in range(_TURNS):
        numbers = range(turn, tasks, _TURNS)
        for lane in lanes if turn % 2 == 0 else reversed(lanes):
            seconds[type(lane)] += lane.delay(numbers)
    return {lane: tasks / spent for lane, spent in seconds.items()}


def _drain(lane: Lane) -> float:
    rate = lane.drain()
    lane.check()
    return rate
