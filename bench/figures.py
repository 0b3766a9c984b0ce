"""What is measured, and what came of it: rows, samples, medians and ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Column:
    """One figure of a row. ``unit``: "/s", "ms" (given in seconds), "s", "%" (of 1) or "MiB"."""

    key: str
    title: str
    unit: str
    lower_is_better: bool = False


@dataclass(frozen=True)
class Row:
    """One thing that is measured; its first column is what contenders are compared by."""

    name: str
    title: str
    columns: tuple[Column, ...]
    about: str
    ours: str = "taskrow"  # whom the others are compared with; "": nobody
    base: str = ""  # the variant of each that its other variants are compared with


RATE = (Column("rate", "a second", "/s"),)
LATENCY = (
    Column("p50", "p50", "ms", lower_is_better=True),
    Column("p99", "p99", "ms", lower_is_better=True),
    Column("worst", "worst", "ms", lower_is_better=True),
)

Values = Mapping[str, float]


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """The columns of :data:`LATENCY`."""
    return {
        "p50": percentile(seconds, 0.50),
        "p99": percentile(seconds, 0.99),
        "worst": max(seconds),
    }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@dataclass
class Figures:
    """All samples of a run: by row and contender, one for each round."""

    samples: dict[str, dict[str, list[Values]]] = field(default_factory=dict)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    durability: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)  # of the peers
    titles: dict[str, str] = field(default_factory=dict)  # of contenders, and of their variants
    spread: dict[str, dict[str, list[float]]] = field(default_factory=dict)  # for the plots

    def add(self, row: str, contender: str, values: Values) -> None:
        self.samples.setdefault(row, {}).setdefault(contender, []).append(values)

    def add_spread(self, row: str, contender: str, values: Sequence[float]) -> None:
        """Single values behind a sample, such as each latency."""
        self.spread.setdefault(row, {}).setdefault(contender, []).extend(values)

    def note_missing(self, row: str, contender: str, why: str) -> None:
        self.missing.setdefault(row, {})[contender] = why

    def values(self, row: str, contender: str, key: str) -> list[float]:
        """One value for each round."""
        return [each[key] for each in self.samples.get(row, {}).get(contender, []) if key in each]

    def median(self, row: str, contender: str, key: str) -> float | None:
        found = self.values(row, contender, key)
        return median(found) if found else None

    def kept(self, row: Row, name: str) -> float | None:
        """How good a variant is beside the base one, in the figure that fares worst."""
        base = f"{name.partition('@')[0]}{row.base}"
        ratios = [self.goodness(row.name, name, base, column) for column in row.columns]
        return min((each for each in ratios if each is not None), default=None)

    def goodness(self, row: str, name: str, other: str, column: Column) -> float | None:
        """How many times as good as ``other`` one is."""
        sides = (other, name) if column.lower_is_better else (name, other)
        return self.ratio(row, *sides, column.key)

    def ratio(self, row: str, contender: str, other: str, key: str) -> float | None:
        """How many times ``other`` one is: the median of the ratios of each round."""
        pairs = zip(self.values(row, contender, key), self.values(row, other, key), strict=False)
        ratios = [one / two for one, two in pairs if two]
        return median(ratios) if ratios else None
