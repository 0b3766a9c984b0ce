"""``python -m bench``: run the rounds, print the tables; write them, and the plots, where asked."""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.contenders import BY_NAME
from bench.facts import Facts, find_facts
from bench.figures import Figures
from bench.page import write_page
from bench.places import Places
from bench.record import read_runs, write_run
from bench.report import as_markdown
from bench.rounds import named, run_rounds
from bench.rows.all import GROUPS

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Measure and report."""
    options = _options()
    facts, figures = read_runs(options.read) if options.read else _measure(options)
    tables = as_markdown(facts, figures, GROUPS)
    print(tables)
    _keep(options.json, facts, figures)
    if options.page is not None:
        from bench.plots import draw_all  # it takes a second to import

        plots = draw_all(figures, options.page.with_suffix(""))
        write_page(options.page, "\n\n".join([*plots, tables]))


def _measure(options: argparse.Namespace) -> tuple[Facts, Figures]:
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
                keep=partial(_keep, options.json, facts),
            )
    return facts, figures


def _keep(file: Path | None, facts: Facts, figures: Figures) -> None:
    """An hour's figures must not be lost with its last minute."""
    if file is not None:
        write_run(file, facts, figures)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [row.name for group in GROUPS for row in group.rows]
    add = parser.add_argument
    add("--only", nargs="+", metavar="NAME", choices=names, default=[],
        help=f"these rows: {', '.join(names)}")  # fmt: skip
    add("--contenders", nargs="+", metavar="NAME", choices=list(BY_NAME), default=list(BY_NAME),
        help=f"these alone: {', '.join(BY_NAME)}")  # fmt: skip
    add("--repeats", type=int, help="rounds, of which the medians are shown (5; 1 with --quick)")
    add("--quick", action="store_true", help="few tasks, small tables: does it all run?")
    add("--json", type=Path, metavar="FILE", help="write every sample there")
    add("--read", nargs="+", type=Path, metavar="FILE",
        help="measure nothing: take the samples of earlier runs (--json)")  # fmt: skip
    add("--page", type=Path, metavar="FILE",
        help="write the tables there (docs/performance.md) and the plots beside it")  # fmt: skip
    add("--directory", type=Path, help="on the disk to measure (the system's for such files)")
    add("--peers-directory", type=Path, default=ROOT / ".bench-peers", metavar="DIRECTORY",
        help="where the peers' environments are kept (.bench-peers)")  # fmt: skip
    options = parser.parse_args()
    options.repeats = options.repeats or (1 if options.quick else 5)
    return options


if __name__ == "__main__":
    main()
