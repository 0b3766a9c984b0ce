"""``python -m tests.model``: live many lives; ``--seed S`` lives the same ones again."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.model.life import live
from tests.model.place import open_place

_MEMORY = Path("/dev/shm")  # no power is cut here


def main() -> int:
    """0 when the tables were as they should be all the time."""
    options = _options()
    began = time.monotonic()
    with _url(options.database) as url, open_place(url) as place:
        try:
            lived = live(place, runs=options.runs, luck=options.seed)
        except AssertionError as error:
            print(error, *getattr(error, "__notes__", []), sep="\n")
            print(f"wrong: --runs {options.runs} --seed {options.seed}")
            return 1
    print(
        f"{lived.runs} runs of {lived.steps} steps in {time.monotonic() - began:.0f} s on "
        f"{place.database.dialect}: the tables were as they should be (--seed {options.seed})"
    )
    return 0


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
    parser.add_argument("--seed", type=int, default=random.getrandbits(32))
    parser.add_argument("--database", help="the URL of an empty one; otherwise a file in memory")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
