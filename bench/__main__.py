"""``python -m bench``: run the rounds, print the table, write the JSON."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from pathlib import Path

from bench.contenders import BY_NAME
from bench.facts import find_facts
from bench.places import Places
from bench.report import as_json, as_markdown
from bench.rounds import named, run_rounds
from bench.rows.all import GROUPS

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure and report."""
    options = _options()
    groups, rows = named(options.only, GROUPS)
    with tempfile.TemporaryDirectory(prefix="taskrow-bench-", dir=options.directory) as directory:
        facts = find_facts(Path(directory))
        with closing(Places(Path(directory), options.peers_directory)) as places:
            figures = run_rounds(
                groups,
                places,
                rows=rows,
                contenders=frozenset(options.contenders),
                repeats=options.repeats,
                quick=options.quick,
            )
    print(as_markdown(facts, figures, groups))
    if options.json is not None:
        options.json.write_text(as_json(facts, figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [row.name for group in GROUPS for row in group.rows]
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=names, default=[],
                        help=f"these rows: {', '.join(names)}")  # fmt: skip
    parser.add_argument("--contenders", nargs="+", metavar="NAME", choices=list(BY_NAME),
                        default=list(BY_NAME), help=f"only: {', '.join(BY_NAME)}")  # fmt: skip
    parser.add_argument("--repeats", type=int, help="rounds (5; 1 with --quick)")
    parser.add_argument("--quick", action="store_true", help="small: does it all run?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there, too")
    parser.add_argument("--directory", type=Path, help="on the disk to measure (a temporary one)")
    parser.add_argument("--peers-directory", type=Path, default=ROOT / ".bench-peers",
                        help="where the peers' environments are kept (.bench-peers)")  # fmt: skip
    options = parser.parse_args()
    options.repeats = options.repeats or (1 if options.quick else 5)
    return options


if __name__ == "__main__":
    main()
