"""The figures as Markdown tables, which read well in a terminal, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.aims import Aim, judged
from bench.facts import Facts
from bench.figures import Column, Figures, Row
from bench.rounds import Group

_KEPT = "the worst of these, of the first line"


def as_markdown(facts: Facts, figures: Figures, groups: Sequence[Group]) -> str:
    """All that was measured: the aims, and a table for each row."""
    lines = [*_about(facts, figures.versions), *_aims(figures)]
    for group in groups:
        for row in group.rows:
            if figures.samples.get(row.name) or figures.missing.get(row.name):
                lines += _table(figures, row)
    return "\n".join(lines) + "\n"


def _about(facts: Facts, peers: Mapping[str, str]) -> Iterator[str]:
    versions = {"Python": facts.python, "SQLite": facts.sqlite} | facts.libraries | dict(peers)
    yield f"{facts.date}, {facts.cores} cores ({facts.processor}), {facts.system};"
    yield ", ".join(f"{name} {number}" for name, number in versions.items()) + "."
    yield f"Before it the disk took {facts.fdatasyncs:,.0f} fdatasyncs/s; load {facts.load:.2f}."
    if not facts.is_disk:
        yield "**NO DISK: fsync costs nothing here, so nothing can be compared.**"


def _aims(figures: Figures) -> Iterator[str]:
    found = list(judged(figures))
    if found:
        yield from ("", "### What was to be shown", "", "| aim | bound | measured | met |")
        yield "| --- | ---: | ---: | --- |"
    for aim, value in found:
        met = "yes" if aim.is_met(value) else "**no**"
        yield _line([aim.words, _bound(aim), in_words(aim.unit, value), met])


def _bound(aim: Aim) -> str:
    if aim.least is not None:
        return f"at least {in_words(aim.unit, aim.least)}"
    assert aim.most is not None
    return f"at most {in_words(aim.unit, aim.most)}"


def _table(figures: Figures, row: Row) -> Iterator[str]:
    heads = ["", *(column.title for column in row.columns)]
    heads += ["taskrow is"] if row.ours else []
    heads += [_KEPT] if row.base else []
    heads.append("its commits")
    yield from ("", f"### {row.title} (`{row.name}`)", "", row.about, "")
    yield _line(heads)
    yield _line(["---", *["---:"] * (len(heads) - 2), "---"])
    for name in figures.samples.get(row.name, {}):
        yield _line(_cells(figures, row, name))
    for name, reason in figures.missing.get(row.name, {}).items():
        why = reason.replace("|", "/").replace("\n", " ")
        yield _line([figures.titles[name], f"**{why}**", *[""] * (len(heads) - 2)])


def _cells(figures: Figures, row: Row, name: str) -> list[str]:
    cells = [figures.titles[name]]
    cells += [_spread(column, figures.values(row.name, name, column.key)) for column in row.columns]
    if row.ours:
        cells.append("" if name == row.ours else _times(figures, row, name))
    if row.base:
        kept = figures.kept(row, name)
        cells.append("" if kept is None else in_words("%", kept))
    cells.append(figures.durability.get(name.partition("@")[0], ""))
    return cells


def _spread(column: Column, values: Sequence[float]) -> str:
    if not values:
        return ""
    middle, low, high = (
        in_words(column.unit, value) for value in (median(values), min(values), max(values))
    )
    return f"{middle} ({low} .. {high})" if len(values) > 1 else middle


def _times(figures: Figures, row: Row, name: str) -> str:
    """How many times as good taskrow is, by the first column."""
    ratio = figures.goodness(row.name, row.ours, name, row.columns[0])
    return "" if ratio is None else in_words("x", ratio)


def in_words(unit: str, value: float) -> str:
    """A value as people read it; times come in seconds, shares as part of 1."""
    match unit:
        case "ms":
            return f"{1000 * value:,.2f} ms"
        case "%":
            return f"{value:.1%}"
        case "/s":
            return f"{value:,.0f}"
        case "x":
            return f"{value:.2f} x"
        case _:
            return f"{value:,.2f} {unit}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
