"""``python -m tests.soak --minutes N``: soak, and say what was lost and what grew."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

from tests.soak.curves import Sample, slope
from tests.soak.run import Outcome, soak

_CURVES = [field.name for field in fields(Sample) if field.name not in ("minute", "kills")]


def main() -> int:
    """0 when nothing was lost and nothing ran twice that must not."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="taskrow-soak-", dir=options.directory) as place:
        outcome = soak(Path(place), seconds=options.minutes * 60, seed=options.seed)
    _report(outcome)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(sample) for sample in outcome.samples]))
    return int(bool(outcome.wrongs))


def _report(outcome: Outcome) -> None:
    counts = outcome.history.counts
    print(f"{counts.total()} tasks accepted, {outcome.refused} submits not answered with 202")
    print("ended:", ", ".join(f"{n} {status}" for status, n in counts.most_common()))
    print(f"{outcome.kills} kills; begun more than once: {outcome.history.second_attempts}")
    for fault, times in outcome.faults.most_common():
        print(f"  {times:>5}  {fault}")
    print(f"wrong: {len(outcome.wrongs)}", *outcome.wrongs[:20], sep="\n  ")
    for name in _CURVES:
        values = [getattr(sample, name) for sample in outcome.samples]
        grows = slope(outcome.samples, name)
        print(f"  {name:<14} {min(values):9.2f} to {max(values):9.2f}, {grows:+9.2f} an hour")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the curves there")
    parser.add_argument("--directory", type=Path, help="on the disk to use")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
