"""Verdicts as a file: a line for each, written as the run goes, so that none is lost with it."""

from __future__ import annotations

import json
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


Run = dict[tuple[str, str], Verdict]
"""Verdicts by case and system."""


def write_verdict(file: Path, verdict: Verdict) -> None:
    """Add one."""
    with file.open("a") as lines:
        lines.write(f"{json.dumps(asdict(verdict))}\n")


def read_run(file: Path) -> Run:
    """What was written there; nothing, where there is no such file."""
    lines = file.read_text().splitlines() if file.exists() else []
    verdicts = [Verdict(**json.loads(line)) for line in lines]
    return {(each.case, each.system): each for each in verdicts}


def score(run: Run, system: str) -> tuple[int, int]:
    """Of how many cases, of those that could be judged, a system held."""
    judged = [each.verdict for (_, whose), each in run.items() if whose == system]
    return judged.count(PASS), judged.count(PASS) + judged.count(FAIL)
