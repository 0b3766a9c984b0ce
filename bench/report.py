"""Medians with their spread, and ratios, as a table for people and as JSON.

A ratio is taken within each round, where both sides met the same disk, and its median is shown.
``x huey`` compares with the faster of Huey's two rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.facts import Facts
from bench.huey_peer import Huey, HueyWide
from bench.lane import Lane
from bench.raw import Raw
from bench.rounds import LANES, Round

Rates = dict[type[Lane], float]


@dataclass(frozen=True)
class Line:
    """One contender in one table; per second."""

    name: str
    median: float
    low: float
    high: float
    x_huey: float
    x_raw: float
    durability: str
    samples: list[float]


def as_table(facts: Facts, rounds: Sequence[Round]) -> str:
    """All that matters on one screen."""
    return "\n".join(
        [
            *_about(facts, rounds),
            *_table("delay: submits a second", _delay_lines(rounds)),
            *_table("drain: tasks a second, results stored", _drain_lines(rounds)),
            "",
            "median of the rounds (lowest .. highest); ratios are medians of each round's own;",
            "x huey: beside the faster of Huey's rows; every commit of every row is one fsync",
        ]
    )


def as_json(facts: Facts, rounds: Sequence[Round]) -> str:
    """Everything that was measured."""
    return json.dumps(
        {
            "facts": asdict(facts),
            "fdatasyncs_per_second": [each.fdatasyncs for each in rounds],
            "delay": [asdict(line) for line in _delay_lines(rounds)],
            "drain": [asdict(line) for line in _drain_lines(rounds)],
        },
        indent=2,
    )


def _delay_lines(rounds: Sequence[Round]) -> list[Line]:
    return [
        _line(lane, lane.delayed, [each.delayed for each in rounds], rounds[0]) for lane in LANES
    ]


def _drain_lines(rounds: Sequence[Round]) -> list[Line]:
    return [
        _line(lane, lane.drained, [each.drained for each in rounds], rounds[0]) for lane in LANES
    ]


def _line(lane: type[Lane], name: str, rates: Sequence[Rates], first: Round) -> Line:
    samples = [each[lane] for each in rates]
    return Line(
        name=name,
        median=median(samples),
        low=min(samples),
        high=max(samples),
        x_huey=_ratio(rates, lane, lambda each: max(each[Huey], each[HueyWide])),
        x_raw=_ratio(rates, lane, lambda each: each[Raw]),
        durability=first.durability[lane],
        samples=samples,
    )


def _ratio(rates: Sequence[Rates], lane: type[Lane], of: Callable[[Rates], float]) -> float:
    return median(each[lane] / of(each) for each in rates)


def _about(facts: Facts, rounds: Sequence[Round]) -> list[str]:
    versions = ", ".join(f"{name} {number}" for name, number in facts.libraries.items())
    syncs = sorted(each.fdatasyncs for each in rounds)
    lines = [
        f"{facts.date}  {facts.cores} cores, {facts.processor}, {facts.system}",
        f"Python {facts.python}, SQLite {facts.sqlite}, {versions}",
        f"disk: {median(syncs):,.0f} fdatasyncs/s ({syncs[0]:,.0f} .. {syncs[-1]:,.0f}); "
        f"load before: {facts.load:.2f}; rounds: {len(rounds)}, "
        f"{sum(each.seconds for each in rounds):.0f} s",
    ]
    return lines if facts.is_disk else [*lines, "NO DISK: fsync costs nothing here, try elsewhere"]


def _table(title: str, lines: Sequence[Line]) -> list[str]:
    head = f"{title:<38}{'median':>9}{'low .. high':>20}{'x huey':>9}{'x raw':>8}"
    return ["", head, "-" * len(head), *map(_row, lines)]


def _row(line: Line) -> str:
    spread = f"{line.low:,.0f} .. {line.high:,.0f}"
    return f"{line.name:<38}{line.median:>9,.0f}{spread:>20}{line.x_huey:>9.2f}{line.x_raw:>8.2f}"
