"""``python -m tests.model``: live many lives; ``--seed S`` lives the same ones again."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.model.life import live
from tests.model.mutants import MUTANTS
from tests.model.place import Place, open_place
from tests.support.flaws import flawed

_MEMORY = Path("/dev/shm")  # no power is cut here


def main() -> int:
    """0 when the tables were as they should be all the time; of mutants, when none was missed."""
    options = _options()
    with _url(options.database) as url, open_place(url) as place:
        if options.mutants:
            return _main_of_mutants(place, options)
        began = time.monotonic()
        lived = live(place, runs=options.runs, luck=options.seed)
        print(
            f"{lived.runs} runs of {lived.steps} steps in {time.monotonic() - began:.0f} s on "
            f"{place.database.dialect}, --seed {options.seed}: "
            + (f"run {lived.broken} is wrong" if lived.broken else "all was as it should be")
        )
        print(lived.wrong, end="")
    return int(lived.broken > 0)


def _main_of_mutants(place: Place, options: argparse.Namespace) -> int:
    missed = 0
    for name, flaw in MUTANTS.items():
        with flawed(flaw):
            lived = live(place, runs=options.runs, luck=options.seed, shrink=False)
        missed += not lived.broken
        print(f"{name:<22} {f'run {lived.broken}' if lived.broken else 'MISSED'}", flush=True)
    print(f"{missed} of {len(MUTANTS)} missed on {place.database.dialect}, --seed {options.seed}")
    return int(missed > 0)


@contextmanager
def _url(given: str | None) -> Iterator[str]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as directory:
        yield f"sqlite:///{directory}/tasks.db"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--mutants", action="store_true", help="a table of all of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", help="the URL of an empty one; otherwise a file in memory")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
