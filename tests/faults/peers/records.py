"""Verdicts as a file: a line for each, written as the run goes, so that none is lost with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

PASS, FAIL, NONE, SKIP = "PASS", "FAIL", "n/a", "SKIP"


@dataclass(frozen=True)
class Verdict:
    """What came of a case for a system. saw: in a few words; versions: of what was judged."""

    case: str
    system: str
    verdict: str
    saw: str
    seconds: float
    versions: dict[str, str] = field(default_factory=dict)


@dataclass
class Run:
    """The verdicts of one run, by case and system."""

    found: dict[tuple[str, str], Verdict] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        self.found[verdict.case, verdict.system] = verdict

    def of(self, case: str, system: str) -> Verdict | None:
        return self.found.get((case, system))


def write_verdict(file: Path, verdict: Verdict) -> None:
    """Add one."""
    with file.open("a") as lines:
        lines.write(f"{json.dumps(asdict(verdict))}\n")


def read_run(file: Path) -> Run:
    """What was written there; nothing, where there is no such file."""
    run = Run()
    for line in file.read_text().splitlines() if file.exists() else ():
        run.add(Verdict(**json.loads(line)))
    return run


def together(runs: Iterable[Run], case: str, system: str) -> list[Verdict]:
    """What several runs say of one case for one system."""
    return [verdict for run in runs if (verdict := run.of(case, system)) is not None]


def score(runs: Sequence[Run], system: str) -> tuple[int, int]:
    """Of how many cases, of those that could be judged, a system held in every run."""
    by_case: dict[str, list[str]] = {}
    for run in runs:
        for (case, whose), verdict in run.found.items():
            if whose == system and verdict.verdict in (PASS, FAIL):
                by_case.setdefault(case, []).append(verdict.verdict)
    return sum(set(each) == {PASS} for each in by_case.values()), len(by_case)
