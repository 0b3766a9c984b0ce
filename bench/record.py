"""A run as a file: every sample, so that tables and plots can be made again, or of several runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from bench.facts import Facts
from bench.figures import Figures


def write_run(file: Path, facts: Facts, figures: Figures) -> None:
    """Keep all of it as JSON."""
    file.write_text(json.dumps({"facts": asdict(facts), **asdict(figures)}, indent=1))


def read_runs(files: Sequence[Path]) -> tuple[Facts, Figures]:
    """What several runs have measured; each row is of one run, the last that has it."""
    figures, facts = Figures(), None
    for file in files:
        read = json.loads(file.read_text())
        facts = facts or Facts(**read["facts"])
        for part in fields(Figures):
            getattr(figures, part.name).update(read[part.name])
    if facts is None:
        raise ValueError("there is no file to read")
    return facts, figures
