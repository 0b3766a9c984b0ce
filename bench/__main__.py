"""``python -m bench``: run the rounds, print the table, write the JSON."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from bench.facts import find_facts
from bench.report import as_json, as_table
from bench.rounds import run_rounds


def main() -> None:
    """Measure and report."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="taskrow-bench-", dir=options.directory) as directory:
        place = Path(directory)
        facts = find_facts(place)
        rounds = run_rounds(place, tasks=options.tasks, repeats=options.repeats)
    print(as_table(facts, rounds))
    if options.json is not None:
        options.json.write_text(as_json(facts, rounds))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--tasks", type=int, help="tasks of each contender and round (15000)")
    parser.add_argument("--repeats", type=int, help="rounds (3)")
    parser.add_argument("--quick", action="store_true", help="one round of 2000: does it run?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    parser.add_argument(
        "--directory", type=Path, help="on the disk to measure (the system's place for such files)"
    )
    options = parser.parse_args()
    options.tasks = options.tasks or (2_000 if options.quick else 15_000)
    options.repeats = options.repeats or (1 if options.quick else 3)
    return options


if __name__ == "__main__":
    main()
