"""``python -m tests.simulation``: play histories; ``--seed S`` plays one again."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation.mutants import MUTANTS
from tests.simulation.playing import play_many, play_mutants


def main() -> int:
    """0 when all went well, or (of mutants) when something was noticed with each."""
    options = _options()
    seeds = [f"{options.first + number}" for number in range(options.histories)]
    seeds = [options.seed] if options.seed else seeds
    if options.mutants or options.mutant:
        return _main_of_mutants(
            [options.mutant] if options.mutant else list(MUTANTS), seeds, options
        )
    began = time.monotonic()
    played = play_many(seeds, processes=min(len(seeds), options.processes))
    print(
        f"{played.histories} histories in {time.monotonic() - began:.0f} s: {played.deaths} workers"
        f" died, {played.second_attempts} tasks were begun again, {played.wrong} are wrong"
    )
    if played.first:
        print(played.first)
    return int(played.wrong > 0)


def _main_of_mutants(names: list[str], seeds: list[str], options: argparse.Namespace) -> int:
    found = play_mutants(names, seeds, processes=min(len(names), options.processes))
    for name, played in found.items():
        how = f"history {played.histories}, {played.first[:100]}" if played.wrong else "MISSED"
        print(f"{name:<22} {how}")
    return int(not all(played.wrong for played in found.values()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", help="play this one alone")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="until a history shows it")
    parser.add_argument("--mutants", action="store_true", help="a table of all of them")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
