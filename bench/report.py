"""The figures as a Markdown table (which reads well in a terminal, too) and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from bench.facts import Facts
from bench.figures import Column, Figures, Row
from bench.rounds import Group


def as_markdown(facts: Facts, figures: Figures, groups: Sequence[Group]) -> str:
    """All that was measured: a table for each row."""
    lines = list(_about(facts, figures.versions))
    for group in groups:
        for row in group.rows:
            if figures.samples.get(row.name) or figures.missing.get(row.name):
                lines += _table(figures, row)
    return "\n".join(lines) + "\n"


def as_json(facts: Facts, figures: Figures) -> str:
    """Everything that was measured, each sample."""
    return json.dumps({"facts": asdict(facts), **asdict(figures)}, indent=1)


def _about(facts: Facts, peers: Mapping[str, str]) -> Iterator[str]:
    versions = ", ".join(
        f"{name} {number}" for name, number in {**facts.libraries, **peers}.items()
    )
    yield (
        f"{facts.date}: {facts.cores} cores, {facts.processor}, {facts.system}, "
        f"Python {facts.python}, SQLite {facts.sqlite}, {versions}. "
        f"The disk took {facts.fdatasyncs:,.0f} fdatasyncs/s; load before: {facts.load:.2f}."
    )
    if not facts.is_disk:
        yield "**NO DISK: fsync costs nothing here, so nothing can be compared.**"


def _table(figures: Figures, row: Row) -> Iterator[str]:
    heads = ["", *(column.title for column in row.columns), "taskrow is", "its commits"]
    yield from ("", f"### {row.title} (`{row.name}`)", "", row.about, "")
    yield _line(heads)
    yield _line(["---", *["---:"] * (len(row.columns) + 1), "---"])
    for name in figures.samples.get(row.name, {}):
        yield _line(_cells(figures, row, name))
    for name, reason in figures.missing.get(row.name, {}).items():
        why = reason.replace("|", "/").replace("\n", " ")
        yield _line([figures.titles[name], f"**{why}**", *[""] * (len(heads) - 2)])


def _cells(figures: Figures, row: Row, name: str) -> list[str]:
    cells = [figures.titles[name]]
    cells += [_spread(column, figures.values(row.name, name, column.key)) for column in row.columns]
    cells.append("" if name == row.ours else _times(figures, row, name))
    cells.append(figures.durability.get(name.partition("@")[0], ""))
    return cells


def _spread(column: Column, values: Sequence[float]) -> str:
    if not values:
        return ""
    ordered = sorted(values)
    middle = ordered[len(ordered) // 2]
    if len(ordered) % 2 == 0:
        middle = (middle + ordered[len(ordered) // 2 - 1]) / 2
    low, high = in_words(column, ordered[0]), in_words(column, ordered[-1])
    return f"{in_words(column, middle)} ({low} .. {high})" if len(ordered) > 1 else low


def in_words(column: Column, value: float) -> str:
    """A value as people read it."""
    if column.unit == "ms":
        return f"{1000 * value:,.2f} ms"
    if column.unit == "%":
        return f"{value:.1%}"
    if column.unit == "/s":
        return f"{value:,.0f}"
    return f"{value:,.2f} {column.unit}"


def _times(figures: Figures, row: Row, name: str) -> str:
    column = row.columns[0]
    sides = (name, row.ours) if column.lower_is_better else (row.ours, name)
    ratio = figures.ratio(row.name, *sides, column.key)
    return "" if ratio is None else f"{ratio:.2f} x"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
