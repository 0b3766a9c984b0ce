"""The plots of docs/performance.md, as SVG. A contender has the same colour everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt

from bench.figures import Column, Figures, percentile
from bench.rows.batches import BATCHES, RUNNERS
from bench.rows.large import FINISHED, SIZES

COLOURS = {
    "taskrow": "#1f6fb4",
    "raw": "#7f7f7f",
    "huey": "#e08214",
    "rq": "#c0392b",
    "celery": "#2e8b57",
    "dramatiq": "#7b4fa3",
    "procrastinate": "#8c564b",
}
_MARKS = (
    ("o", "delay()"),
    ("s", "submit_many"),
    ("^", "drain"),
    ("v", "status read"),
    ("D", "pick-up, p50"),
)
_POINTS = 200  # of a line of latencies


def draw_all(figures: Figures, directory: Path) -> list[str]:
    """Draw what the figures have something of; returns Markdown that shows it, from beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    mpl.rcParams.update(_STYLE)
    drawn = []
    for name, draw, needs, words in _PLOTS:
        if any(row in figures.samples for row in needs):
            draw(figures)
            plt.savefig(directory / f"{name}.svg", metadata={"Date": None})
            plt.close("all")
            drawn.append(f"![{words}]({directory.name}/{name}.svg)")
    return drawn


_STYLE: Any = {
    "svg.fonttype": "none",  # letters stay letters: smaller, and they can be searched
    "svg.hashsalt": "taskrow",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
}


def colour_of(name: str) -> str:
    """The colour of a contender, with whatever variant."""
    family = name.partition("@")[0].partition("-")[0]
    return COLOURS[family]


def _draw_drain(figures: Figures) -> None:
    """Who drains how fast: a bar for each."""
    names = list(figures.samples["drain"])[::-1]
    medians = [figures.median("drain", name, "rate") or 0.0 for name in names]
    _, axes = plt.subplots(figsize=(8, 0.34 * len(names) + 0.9))
    bars = axes.barh(
        [figures.titles[n] for n in names], medians, color=[colour_of(n) for n in names]
    )
    axes.set_xscale("log")
    axes.set_xlim(left=10)
    _plain_numbers(axes.xaxis)
    axes.set_xlabel("no-op tasks a second, results stored (log scale)")
    axes.bar_label(bars, labels=[f" {value:,.0f}" for value in medians])
    axes.grid(axis="y", visible=False)
    axes.margins(x=0.12)


@dataclass(frozen=True)
class Line:
    """The medians of a contender's variants in a row."""

    row: str
    name: str
    label: str
    mark: str

    def draw(self, axes: Any, figures: Figures, places: Sequence[int]) -> None:
        found = [(p, figures.median(self.row, f"{self.name}@{p}", "rate")) for p in places]
        points = [(place, value) for place, value in found if value is not None]
        if points:
            colour = colour_of(self.name)
            axes.plot(*zip(*points, strict=True), self.mark, color=colour, label=self.label)


_BY_BATCH = (
    Line("batch-submit", "taskrow", "taskrow: submit_many", "o-"),
    Line("batch-submit", "raw", "sqlite3: submit", "o-"),
    Line("batch-drain", "raw", "sqlite3: drain", "s--"),
)
_BY_RUNNERS = Line("runners", "taskrow", "taskrow: drain", "o-")


def _draw_throughput(figures: Figures) -> None:
    """What rows in a commit and runners decide."""
    _, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    for line in _BY_BATCH:
        line.draw(left, figures, BATCHES)
    left.set(xscale="log", yscale="log", xlabel="rows in a commit", ylabel="rows a second")
    _plain_numbers(left.xaxis, left.yaxis)
    _BY_RUNNERS.draw(right, figures, RUNNERS)
    right.set(xlabel="runners", ylabel="no-op tasks a second", ylim=(0, None), xticks=RUNNERS)
    _plain_numbers(right.yaxis)
    for axes in (left, right):
        _legend(axes)


def _plain_numbers(*sides: Any) -> None:
    """1,000 where the library would write a power of ten."""
    for side in sides:
        side.set_major_formatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}")


def _legend(axes: Any, **more: Any) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(**more)


def _draw_latency(figures: Figures) -> None:
    """How long things take, as the share that took no longer."""
    _, both = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
    titles = (
        ("pick-up", "from a submit to the task's first line"),
        ("delay-busy", "delay() while a worker drains"),
    )
    for axes, (row, title) in zip(both, titles, strict=True):
        for name, seconds in figures.spread.get(row, {}).items():
            shares = [place / _POINTS for place in range(_POINTS + 1)]
            axes.plot(
                [1000 * percentile(seconds, share) for share in shares],
                shares,
                color=colour_of(name),
                linestyle="-" if "-" not in name else "--",
                label=figures.titles[name].partition(" (")[0],
            )
        axes.set(xscale="log", xlabel="milliseconds (log scale)", title=title)
        _plain_numbers(axes.xaxis)
        _legend(axes, fontsize=7)
    both[0].set_ylabel("share that took no longer")


def _draw_rows(figures: Figures) -> None:
    """What rows in the table cost: each figure, of what it is on an empty table."""
    _, both = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
    for axes, (name, title) in zip(
        both, (("taskrow", "taskrow"), ("raw-100", "bare sqlite3")), strict=True
    ):
        for column, (mark, label) in zip(FINISHED.columns, _MARKS, strict=True):
            points = list(_beside_empty(figures, name, column))
            if points:
                axes.plot(*zip(*points, strict=True), f"{mark}-", color=colour_of(name),
                          label=label, linewidth=1, markerfacecolor="white")  # fmt: skip
        axes.set(xscale="log", xlabel="finished rows in the table", title=title, ylim=(0, 1.5))
        _plain_numbers(axes.xaxis)
        _legend(axes, fontsize=7, ncols=3, loc="lower left")
    both[0].set_ylabel("as good as on an empty table")


def _beside_empty(figures: Figures, name: str, column: Column) -> Sequence[tuple[int, float]]:
    base = f"{name}{FINISHED.base}"
    found = [
        (size, figures.goodness(FINISHED.name, f"{name}@{size}", base, column))
        for size in SIZES[1:]
    ]
    return [(size, ratio) for size, ratio in found if ratio is not None]


_PLOTS: tuple[tuple[str, Callable[[Figures], None], tuple[str, ...], str], ...] = (
    ("drain", _draw_drain, ("drain",), "Drain of no-op tasks, each contender"),
    (
        "throughput",
        _draw_throughput,
        ("batch-submit", "batch-drain", "runners"),
        "Throughput against rows in a commit and against runners",
    ),
    ("latency", _draw_latency, ("pick-up", "delay-busy"), "Latency distributions"),
    ("rows", _draw_rows, ("finished-rows",), "Cost against finished rows in the table"),
)
