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

from tests.faults.board import BOARD, all_cases
from tests.faults.peers.board import PORTABLE, Portable, all_portable
from tests.faults.peers.playing import play_all
from tests.faults.peers.records import FAIL, PASS, Run, Verdict, read_run, write_verdict
from tests.faults.peers.report import as_markdown, scores
from tests.faults.peers.systems import SYSTEMS, System
from tests.faults.verdicts import judge

BEGIN, END = "<!-- peers: tables -->", "<!-- peers: end -->"


def main(arguments: Sequence[str]) -> int:
    """0 when taskrow held each case, as it does on its own scoreboard; whatever the peers do."""
    options = _options(arguments)
    chosen = [PORTABLE[name] for name in options.cases]
    systems = [system for system in SYSTEMS if _is_wanted(system, options.names)]
    if options.read:
        runs, bad = [read_run(file) for file in options.read], 0
    else:
        run = _play(options, chosen, systems)
        runs, bad = [run], _ours_failed(run, chosen)
    print("\n".join(scores(runs, systems)))
    if options.page is not None:
        with tempfile.TemporaryDirectory() as place:
            facts = find_facts(Path(place))
        tables = as_markdown(facts, runs, chosen, systems)
        write_page(options.page, tables, begin=BEGIN, end=END)
    return 1 if bad else 0


def _is_wanted(system: System, names: Sequence[str]) -> bool:
    """Ours always; of the peers those that are named, by themselves or by one of their columns."""
    return not names or system.peer is None or system.name in names or system.peer in names


def _play(
    options: argparse.Namespace, chosen: Sequence[Portable], systems: Sequence[System]
) -> Run:
    def show(verdict: Verdict) -> None:
        head = f"{verdict.verdict:<5}{verdict.system:<17}{verdict.case:<24}"
        print(f"{head}{verdict.seconds:>6.0f} s  {verdict.saw[:300]}", flush=True)
        if options.json is not None:
            write_verdict(options.json, verdict)

    return play_all(
        chosen,
        systems,
        Peers(options.peers_directory.resolve()),
        at_once=options.at_once,
        known=read_run(options.json) if options.json is not None else Run(),
        show=show,
    )


def _ours_failed(run: Run, chosen: Sequence[Portable]) -> int:
    """How many cases taskrow did not hold, or judged otherwise than its own scoreboard does."""
    bad = [each for each in run.found.values() if each.system == "taskrow" and each.verdict == FAIL]
    all_cases()
    for case in chosen:
        here = run.of(case.name, "taskrow")
        if case.number is None or here is None or here.verdict not in (PASS, FAIL):
            continue
        there, saw, _ = judge(BOARD[case.number])
        if there != here.verdict:
            print(f"the scoreboard says {there} of {case.number} ({saw}); here: {here.verdict}")
            bad.append(here)
    return len(bad)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    all_portable()
    parser = argparse.ArgumentParser(prog="python -m tests.faults --peers", description=__doc__)
    add = parser.add_argument
    peers = {system.peer for system in SYSTEMS if system.peer is not None}
    names = sorted({*peers, *(system.name for system in SYSTEMS)})
    add("names", nargs="*", metavar="NAME",
        help=f"these beside taskrow, instead of all: {', '.join(names)}")  # fmt: skip
    add("--cases", nargs="+", metavar="NAME", choices=list(PORTABLE), default=list(PORTABLE),
        help=f"these alone: {', '.join(PORTABLE)}")  # fmt: skip
    add("--at-once", type=int, default=4, metavar="N", help="so many systems beside each other (4)")
    add("--json", type=Path, metavar="FILE",
        help="write each verdict there; what is there already is not played again")  # fmt: skip
    add("--read", nargs="+", type=Path, metavar="FILE", help="play nothing: take these runs")
    add("--page", type=Path, metavar="FILE", help="write the tables into docs/promises-peers.md")
    add("--peers-directory", type=Path, default=ROOT / ".bench-peers", metavar="DIRECTORY",
        help="where the peers' environments are kept (.bench-peers)")  # fmt: skip
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    return options
