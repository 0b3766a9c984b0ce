"""What taskrow has set itself, and whether a run shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.figures import Figures, Row
from bench.rows import large

Find = Callable[[Figures], float | None]


@dataclass(frozen=True)
class Aim:
    """A sentence, the value that decides it, and how large or small that has to be."""

    words: str
    find: Find
    unit: str  # as of a column, or "x"
    least: float | None = None
    most: float | None = None

    def is_met(self, value: float) -> bool:
        """Whether this value is good enough."""
        enough = self.least is None or value >= self.least
        return enough and (self.most is None or value <= self.most)


def _of(row: str, name: str, column: str = "rate") -> Find:
    return lambda figures: figures.median(row, name, column)


def _beside(row: str, name: str, *others: str, column: str = "rate") -> Find:
    """How many times the best of the others."""

    def find(figures: Figures) -> float | None:
        ratios = [figures.ratio(row, name, other, column) for other in others]
        return min((each for each in ratios if each is not None), default=None)

    return find


def _across(row: str, other_row: str, name: str, other: str) -> Find:
    """A rate in one row, in times of one in another."""

    def find(figures: Figures) -> float | None:
        one, two = figures.median(row, name, "rate"), figures.median(other_row, other, "rate")
        return None if one is None or not two else one / two

    return find


def _kept(row: Row, name: str) -> Find:
    return lambda figures: figures.kept(row, name)


AIMS = (
    Aim("drain beside Huey's default", _beside("drain", "taskrow", "huey"), "x", least=12),
    Aim(
        "drain beside one-row commits of bare sqlite3 (40,000 where it makes 7,000)",
        _across("drain", "delay", "taskrow", "raw"),
        "x",
        least=40 / 7,
    ),
    Aim("tasks of 1 ms, of the runners' time", _of("drain-1ms", "taskrow", "share"), "%", 0.9),
    Aim("tasks of 10 ms, of the runners' time", _of("drain-10ms", "taskrow", "share"), "%", 0.9),
    Aim("`delay()` beside bare sqlite3", _beside("delay", "taskrow", "raw"), "x", least=0.9),
    Aim(
        "`delay()` from eight threads beside one",
        _across("delay-8", "delay", "taskrow", "taskrow"),
        "x",
        least=3,
    ),
    Aim("`submit_many`", _of("submit-many", "taskrow"), "/s", least=150_000),
    Aim("`delay()` beside a drain, p99", _of("delay-busy", "taskrow", "p99"), "ms", most=0.005),
    Aim("`delay()` beside a drain, worst", _of("delay-busy", "taskrow", "worst"), "ms", most=0.020),
    Aim("the drain meanwhile, of alone", _of("delay-busy", "taskrow", "kept"), "%", least=0.9),
    Aim("pick-up, p50", _of("pick-up", "taskrow-1", "p50"), "ms", most=0.0007),
    Aim("pick-up, p99", _of("pick-up", "taskrow-1", "p99"), "ms", most=0.002),
    Aim("pick-up after 30 s", _of("pick-up-idle", "taskrow-1", "p50"), "ms", most=0.002),
    Aim(
        "pick-up of a row by hand, p99",
        _of("pick-up-by-hand", "taskrow-1", "p99"),
        "ms",
        most=0.005,
    ),
    Aim("a worker at rest, of a core", _of("at-rest", "taskrow-1", "cpu"), "%", most=0.005),
    Aim("status reads in Python", _of("status", "taskrow"), "/s", least=60_000),
    Aim("status over HTTP, of hello", _of("http", "taskrow@status", "hello"), "%", least=0.85),
    Aim("submit over HTTP, of hello", _of("http", "taskrow@submit", "hello"), "%", least=0.5),
    Aim(
        "ten million finished rows, the worst figure, of an empty table",
        _kept(large.FINISHED, "taskrow@10000000"),
        "%",
        least=0.9,
    ),
    Aim(
        "a million waiting rows, the worst figure, of a short queue",
        _kept(large.WAITING, "taskrow@1000000"),
        "%",
        least=0.9,
    ),
    Aim("`delay()` beside a purge, p99", _of("purge", "taskrow", "p99"), "ms", most=0.010),
    Aim("of the file given back", _of("purge", "taskrow", "given_back"), "%", least=0.8),
    Aim(
        "PostgreSQL: drain beside Procrastinate's best",
        _beside("pg-drain", "taskrow-pg", "procrastinate", "procrastinate-8"),
        "x",
        least=5,
    ),
    Aim(
        "PostgreSQL: `delay()` beside Procrastinate",
        _beside("pg-delay", "taskrow-pg", "procrastinate"),
        "x",
        least=2,
    ),
)


def judged(figures: Figures) -> Iterator[tuple[Aim, float]]:
    """The aims that a run says something of, and what it says."""
    for aim in AIMS:
        value = aim.find(figures)
        if value is not None:
            yield aim, value
