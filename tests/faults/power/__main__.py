"""``python -m tests.faults.power``: record, cut, and say what was lost."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.power.cutting import Found, cut_all
from tests.faults.power.disk import DROPPED, KEPT, TORN
from tests.faults.power.mutants import MUTANTS
from tests.faults.power.workload import record, sqlite_version

_OF_ONE_RECORDING = 10_000  # images: about twice as many as it has operations
_OF_A_MUTANT = 4000  # images, at most


def main() -> int:
    """0 when nothing was lost, or (of mutants) when each has lost something."""
    options = _options()
    print(f"SQLite {sqlite_version()}, {os.cpu_count()} processors", flush=True)
    if options.mutants:
        unnoticed = [name for name in sorted(MUTANTS) if not _show_mutant(name, options)]
        return int(bool(unnoticed))
    found = _play_many(options)
    _report(found)
    return int((found.bad > 0) == (options.mutant is None))


def _play_many(options: argparse.Namespace) -> Found:
    """The images come from several recordings, each of another history."""
    recordings = options.recordings or -(-options.images // _OF_ONE_RECORDING)
    found = Found()
    for number in range(recordings):
        images = options.images * (number + 1) // recordings - options.images * number // recordings
        one, seconds = _play(options, options.seed + number, images, options.mutant)
        promises = found.promises + one.promises
        found.add(one)
        found.promises = promises
        print(
            f"recording {number + 1} of {recordings}, in {seconds[0]:.0f} s: {one.images} images in"
            f" {seconds[1]:.0f} s ({one.images / seconds[1]:.0f} in a second),"
            f" {one.promises} promises, {one.bad} bad",
            flush=True,
        )
    return found


def _play(
    options: argparse.Namespace, seed: int, images: int, mutant: str | None
) -> tuple[Found, tuple[float, float]]:
    with tempfile.TemporaryDirectory(prefix="taskrow-power-", dir=options.directory) as place:
        began = time.monotonic()
        log = record(Path(place), tasks=options.tasks, seed=seed, mutant=mutant)
        recorded = time.monotonic()
        found = cut_all(log, images=images, seed=seed, processes=os.cpu_count() or 1)
        return found, (recorded - began, time.monotonic() - recorded)


def _show_mutant(name: str, options: argparse.Namespace) -> bool:
    """Returns whether it was noticed."""
    found, _ = _play(options, options.seed, min(options.images, _OF_A_MUTANT), name)
    print(
        f"{name}: {found.lost} of {found.images} images lost an acknowledged task, "
        f"{found.bad - found.lost} more broke; {found.first}",
        flush=True,
    )
    return found.bad > 0


def _report(found: Found) -> None:
    print(
        f"{found.images} images ({found.distinct} of them distinct), {found.promises} promises: "
        f"{found.bad} images break one"
    )
    kinds = ", ".join(f"{found.kinds[kind]} {kind}" for kind in (DROPPED, KEPT, TORN))
    print(f"what was not synced when the power went, file by file: {kinds}")
    for wrong, times in found.wrongs.most_common():
        print(f"  {times:>7} ... {wrong}")
    if found.first:
        print(f"  the first: {found.first}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.power", description=__doc__)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--recordings", type=int, help="how many histories they are taken from")
    parser.add_argument("--tasks", type=int, default=200, help="submitted in each recording")
    parser.add_argument("--seed", type=int, default=1)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--mutant", choices=sorted(MUTANTS))
    which.add_argument("--mutants", action="store_true", help="each of them; all must be noticed")
    parser.add_argument("--directory", type=Path, help="on the disk to use")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
