"""``python -m tests.faults --peers``: the portable cases for taskrow and its peers, and a table."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.facts import find_facts
from bench.page import write_page
from bench.peers import Peers
from bench.remote import ROOT

from tests.faults.peers.board import PORTABLE, all_portable
from tests.faults.peers.playing import play_all
from tests.faults.peers.records import FAIL, Run, Verdict, read_run, write_verdict
from tests.faults.peers.report import as_markdown, scores
from tests.faults.peers.systems import SYSTEMS, System

BEGIN, END = "<!-- peers: tables -->", "<!-- peers: end -->"


def main(arguments: Sequence[str]) -> int:
    """0 when taskrow held each case; whatever the peers do."""
    options = _options(arguments)
    systems = [system for system in SYSTEMS if _is_wanted(system, options.peer)]
    run = _play(options, systems)
    print("\n".join(scores(run, systems)))
    if options.page is not None:
        _write(options.page, run, options, systems)
    ours = [each for each in run.values() if each.system == "taskrow"]
    return 1 if FAIL in [each.verdict for each in ours] else 0


def _is_wanted(system: System, names: Sequence[str]) -> bool:
    """Ours always; of the peers those that are named, by themselves or by one of their columns."""
    return not names or system.peer is None or system.name in names or system.peer in names


def _play(options: argparse.Namespace, systems: Sequence[System]) -> Run:
    def show(verdict: Verdict) -> None:
        head = f"{verdict.verdict:<5}{verdict.system:<17}{verdict.case:<24}"
        print(f"{head}{verdict.seconds:>6.0f} s  {verdict.saw[:300]}", flush=True)
        if options.json is not None:
            write_verdict(options.json, verdict)

    return play_all(
        [PORTABLE[name] for name in options.only],
        systems,
        Peers(options.peers_directory.resolve()),
        at_once=options.at_once,
        known=read_run(options.json) if options.json is not None else {},
        show=show,
    )


def _write(page: Path, run: Run, options: argparse.Namespace, systems: Sequence[System]) -> None:
    with tempfile.TemporaryDirectory() as place:
        facts = find_facts(Path(place))
    tables = as_markdown(facts, run, [PORTABLE[name] for name in options.only], systems)
    write_page(page, tables, begin=BEGIN, end=END)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    all_portable()
    parser = argparse.ArgumentParser(prog="python -m tests.faults --peers", description=__doc__)
    add = parser.add_argument
    peers = {system.peer or system.name for system in SYSTEMS}
    names = sorted(peers | {system.name for system in SYSTEMS})
    add("--peer", nargs="+", metavar="NAME", choices=names, default=[],
        help=f"these beside taskrow, instead of all: {', '.join(names)}")  # fmt: skip
    add("--only", nargs="+", metavar="CASE", choices=list(PORTABLE), default=list(PORTABLE),
        help=f"these cases alone: {', '.join(PORTABLE)}")  # fmt: skip
    add("--at-once", type=int, default=8, metavar="N", help="so many plays beside each other (8)")
    add("--json", type=Path, metavar="FILE",
        help="write each verdict there; what is there already is not played again")  # fmt: skip
    add("--page", type=Path, metavar="FILE", help="write the tables into docs/promises-peers.md")
    add("--peers-directory", type=Path, default=ROOT / ".bench-peers", metavar="DIRECTORY",
        help="where the peers' environments are kept (.bench-peers)")  # fmt: skip
    return parser.parse_args(arguments)
