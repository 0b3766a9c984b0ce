"""The verdicts as tables: for a terminal, and as Markdown for docs/promises-peers.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.facts import Facts

from tests.faults.peers.board import Portable
from tests.faults.peers.records import FAIL, NONE, PASS, Run, Verdict, score, together
from tests.faults.peers.systems import System

_SHORT = {PASS: "pass", FAIL: "**FAIL**", NONE: "n/a"}
_SAW = 240  # characters


def as_markdown(
    facts: Facts, runs: Sequence[Run], chosen: Sequence[Portable], systems: Sequence[System]
) -> str:
    """All of it."""
    seen = [system for system in systems if score(runs, system.name)[1]]
    parts = [_where(facts, len(runs)), _who(runs, seen), _board(runs, chosen, seen)]
    parts += ["## What was seen", *(_case(runs, case, seen) for case in chosen)]
    return "\n\n".join(parts)


def scores(runs: Sequence[Run], systems: Sequence[System]) -> Iterator[str]:
    """A line for each system, for a terminal."""
    for system in systems:
        held, of = score(runs, system.name)
        if of:
            yield f"{system.title}: survived {held} of {of}"


def _where(facts: Facts, runs: int) -> str:
    return (
        f"{facts.date[:10]}, {facts.cores} cores ({facts.processor}), {facts.system}, Python "
        f"{facts.python}; each case was played {runs} times for each system."
    )


def _who(runs: Sequence[Run], systems: Sequence[System]) -> str:
    rows = []
    for system in systems:
        held, of = score(runs, system.name)
        versions = ", ".join(f"{name} {each}" for name, each in _versions(runs, system).items())
        rows.append([system.title, versions, system.store, system.words, f"{held} of {of}"])
    return table(["system", "versions", "store", "settings", "held"], rows)


def _versions(runs: Sequence[Run], system: System) -> dict[str, str]:
    found: dict[str, str] = {}
    for run in runs:
        for (_, name), verdict in run.found.items():
            if name == system.name:
                found |= verdict.versions
    return found


def _board(runs: Sequence[Run], chosen: Sequence[Portable], systems: Sequence[System]) -> str:
    rows = []
    for case in chosen:
        cells = [cell(together(runs, case.name, system.name)) for system in systems]
        rows.append([f"[{case.fault}](#{case.name})", *cells])
    return table(["fault", *(system.title for system in systems)], rows)


def cell(verdicts: Sequence[Verdict]) -> str:
    """What several runs say, in a word; where they differ, how many passed."""
    found = {verdict.verdict for verdict in verdicts}
    if len(found) == 1:
        return _SHORT.get(found.pop(), "not tried")
    passed = sum(verdict.verdict == PASS for verdict in verdicts)
    return f"**{passed} of {len(verdicts)}**" if verdicts else ""


def _case(runs: Sequence[Run], case: Portable, systems: Sequence[System]) -> str:
    like = "" if case.number is None else f" (scoreboard {case.number})"
    lines = [f"### {case.name}", "", f"{case.fault}{like}. **Passes**: {case.expected}.", ""]
    for system in systems:
        verdicts = together(runs, case.name, system.name)
        if verdicts:
            lines.append(f"- {system.title}: {cell(verdicts)}: {_saw(verdicts)}")
    return "\n".join(lines)


def _saw(verdicts: Sequence[Verdict]) -> str:
    """What was seen in the last run that says most: where one failed, in that."""
    telling = [each for each in verdicts if each.verdict == FAIL] or list(verdicts)
    return " ".join(telling[-1].saw.split())[:_SAW].replace("|", "/")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
