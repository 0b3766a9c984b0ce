"""The verdicts as tables: for a terminal, and as Markdown for docs/promises-peers.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.facts import Facts

from tests.faults.peers.board import Portable
from tests.faults.peers.records import FAIL, NONE, PASS, SKIP, Run, Verdict, score
from tests.faults.peers.systems import System

_SHORT = {PASS: "PASS", FAIL: "**FAIL**", NONE: "n.a.", SKIP: "not tried"}
_SAW = 240  # characters


def as_markdown(
    facts: Facts, run: Run, chosen: Sequence[Portable], systems: Sequence[System]
) -> str:
    """All of it."""
    seen = [system for system in systems if score(run, system.name)[1]]
    parts = [_where(facts), _who(run, seen), "## The faults", _board(run, chosen, seen)]
    parts += ["## What was seen", *(_case(run, case, seen) for case in chosen)]
    return "\n\n".join(parts)


def scores(run: Run, systems: Sequence[System]) -> Iterator[str]:
    """A line for each system, for a terminal."""
    for system in systems:
        held, of = score(run, system.name)
        if of:
            yield f"{system.title}: survived {held} of {of}"


def _where(facts: Facts) -> str:
    return (
        f"{facts.date[:10]}, {facts.cores} cores ({facts.processor}), {facts.system}, Python "
        f"{facts.python}."
    )


def _who(run: Run, systems: Sequence[System]) -> str:
    rows = []
    for system in systems:
        held, of = score(run, system.name)
        versions = ", ".join(f"{name} {each}" for name, each in _versions(run, system).items())
        rows.append([system.title, versions, system.store, system.words, f"{held} of {of}"])
    return table(["system", "versions", "store", "settings", "survived"], rows)


def _versions(run: Run, system: System) -> dict[str, str]:
    found: dict[str, str] = {}
    for (_, name), verdict in run.items():
        if name == system.name:
            found |= verdict.versions
    return found


def _board(run: Run, chosen: Sequence[Portable], systems: Sequence[System]) -> str:
    rows = []
    for case in chosen:
        cells = [_cell(run.get((case.name, system.name))) for system in systems]
        rows.append([f"[{case.fault}](#{case.name})", *cells])
    return table(["fault", *(system.title for system in systems)], rows)


def _cell(verdict: Verdict | None) -> str:
    return "" if verdict is None else _SHORT[verdict.verdict]


def _case(run: Run, case: Portable, systems: Sequence[System]) -> str:
    like = "" if case.number is None else f" (scoreboard {case.number})"
    lines = [f"### {case.name}", "", f"{case.fault}{like}. **Passes**: {case.expected}.", ""]
    for system in systems:
        verdict = run.get((case.name, system.name))
        if verdict is not None:
            lines.append(f"- {system.title}: {_cell(verdict)}: {_saw(verdict)}")
    return "\n".join(lines)


def _saw(verdict: Verdict) -> str:
    return " ".join(verdict.saw.split())[:_SAW].replace("|", "/")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
