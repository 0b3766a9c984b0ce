"""``python -m tests.simulation``: play histories; ``--seed S`` plays one again."""

from __future__ import annotations

import argparse
import os
import sys
import time

from tests.simulation.mutants import MUTANTS
from tests.simulation.playing import play_many


def main() -> int:
    """0 when all went well, or (of a mutant) when something was noticed."""
    options = _options()
    seeds = [f"{options.first + number}" for number in range(options.histories)]
    seeds = [options.seed] if options.seed else seeds
    began = time.monotonic()
    played = play_many(
        seeds,
        mutant=options.mutant,
        processes=min(len(seeds), os.cpu_count() or 1),
        stop_at_first=options.mutant is not None,
    )
    print(
        f"{played.histories} histories in {time.monotonic() - began:.0f} s: {played.deaths} workers"
        f" died, {played.second_attempts} tasks were begun again, {played.wrong} are wrong"
    )
    if played.first:
        print(played.first)
    return int((played.wrong > 0) == (options.mutant is None))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=1000)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", help="play this one alone")
    parser.add_argument("--mutant", choices=sorted(MUTANTS))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
