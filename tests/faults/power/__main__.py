"""``python -m tests.faults.power``: record, cut, and say what was lost."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.power.cutting import Found, cut_all
from tests.faults.power.mutants import MUTANTS
from tests.faults.power.workload import record, sqlite_version


def main() -> int:
    """0 when nothing was lost, or (of a mutant) when something was."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="taskrow-power-", dir=options.directory) as place:
        directory = Path(place)
        began = time.monotonic()
        log = record(directory, tasks=options.tasks, seed=options.seed, mutant=options.mutant)
        recorded = time.monotonic()
        found = cut_all(
            log, images=options.images, seed=options.seed, processes=os.cpu_count() or 1
        )
        seconds = recorded - began, time.monotonic() - recorded
    _report(found, seconds)
    return int((found.bad > 0) == (options.mutant is None))


def _report(found: Found, seconds: tuple[float, float]) -> None:
    print(f"SQLite {sqlite_version()}, recorded in {seconds[0]:.0f} s, cut in {seconds[1]:.0f} s")
    print(
        f"{found.images} images ({found.distinct} of them distinct), {found.promises} promises: "
        f"{found.bad} images break one"
    )
    for wrong, times in found.wrongs.most_common():
        print(f"  {times:>7} ... {wrong}")
    if found.first:
        print(f"  the first: {found.first}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power", description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--tasks", type=int, default=200, help="how many are submitted meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    parser.add_argument("--directory", type=Path, help="on the disk to use")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
