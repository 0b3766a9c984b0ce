"""``python -m tests.faults.operations``: each I/O operation of a whole life goes wrong once."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.faults.operations.failing import fail_each
from tests.faults.operations.host import ACTIONS


def main() -> int:
    """0 when nothing that was promised was lost, or (of a mutant) when something was."""
    options = _options()
    lost = 0
    for action in options.actions:
        with tempfile.TemporaryDirectory(prefix="taskrow-operations-") as place:
            parts = os.cpu_count() or 1
            seen = fail_each(
                Path(place), action, every=options.every, parts=parts, mutant=options.mutant
            )
        lost += len(seen.wrongs)
        print(
            f"{action:>12}: {seen.lives} lives of {seen.operations} operations, noticed in "
            f"{seen.noticed}, {len(seen.wrongs)} wrongs",
            *seen.wrongs[:5],
            sep="\n    ",
            flush=True,
        )
    return int((lost > 0) != bool(options.mutant))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.operations", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="fail only every so many-th one")
    parser.add_argument("--actions", nargs="+", choices=ACTIONS[1:], default=ACTIONS[1:])
    parser.add_argument("--mutant", choices=["promise-first"], default="")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
