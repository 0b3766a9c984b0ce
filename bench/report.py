"""The figures as a Markdown table (which reads well in a terminal, too) and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from bench.contenders import BY_NAME
from bench.facts import Facts
from bench.figures import Column, Figures, Row
from bench.rounds import Group

OURS = "taskrow"


def as_markdown(facts: Facts, figures: Figures, groups: Sequence[Group]) -> str:
    """All that was measured: a table for each row."""
    lines = list(_about(facts, figures.versions))
    for group in groups:
        for row in group.rows:
            if figures.samples.get(row.name) or figures.missing.get(row.name):
                lines += _table(figures, row, group.contenders)
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


def _table(figures: Figures, row: Row, contenders: Sequence[str]) -> Iterator[str]:
    titles = [column.title for column in row.columns]
    heads = ["contender", *titles, f"taskrow is, by {titles[0]}", "its commits"]
    yield from ("", f"### {row.title} (`{row.name}`)", "", row.about, "")
    yield _line(heads)
    yield _line(["---", *["---:"] * (len(titles) + 1), "---"])
    for name in contenders:
        if name in figures.samples.get(row.name, {}):
            yield _line(_cells(figures, row, name))
        elif name in figures.missing.get(row.name, {}):
            why = figures.missing[row.name][name].replace("|", "/").replace("\n", " ")
            yield _line([BY_NAME[name].title, f"**{why}**", *[""] * (len(heads) - 2)])


def _cells(figures: Figures, row: Row, name: str) -> list[str]:
    cells = [BY_NAME[name].title]
    cells += [_spread(column, figures.values(row.name, name, column.key)) for column in row.columns]
    cells.append("" if name == OURS else _times(figures, row, name))
    cells.append(figures.durability.get(name, ""))
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
    sides = (name, OURS) if column.lower_is_better else (OURS, name)
    ratio = figures.ratio(row.name, *sides, column.key)
    return "" if ratio is None else f"{ratio:.2f} x as good"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
