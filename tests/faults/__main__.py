"""``python -m tests.faults``: the scoreboard, one line for each fault, ``survived N of 40``."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.board import BOARD, Case, all_cases
from tests.faults.needs import Unavailable
from tests.faults.scene import scene

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"
OF = 40


def main() -> int:
    """0 when every case passed; 2 when some could only not be tried here."""
    options = read_options()
    if options.peers is not None:
        from tests.faults.peers.command import main as play_peers  # it needs the benchmark's parts

        return play_peers(options.peers)
    verdicts = [_show(case, *_play(case)) for case in all_cases() if case.number in options.only]
    print(f"survived {verdicts.count(PASS)} of {min(OF, len(verdicts))}")
    if verdicts.count(SKIP):
        print(f"NOT TRIED: {verdicts.count(SKIP)}; see above for what they need")
    return 1 if FAIL in verdicts else 2 if SKIP in verdicts else 0


def _play(case: Case) -> tuple[str, str, float]:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="taskrow-fault-") as place:
        try:
            with scene(Path(place)) as here:
                verdict, saw = PASS, case.play(here)
        except Unavailable as why:
            verdict, saw = SKIP, str(why)
        except Exception as error:  # noqa: BLE001 - whatever it was, the case did not hold
            verdict, saw = FAIL, f"{type(error).__name__}: {error}"
    return verdict, saw, time.monotonic() - began


def _show(case: Case, verdict: str, saw: str, seconds: float) -> str:
    print(f"{verdict}  {case.number:>2}  {case.fault}  ({seconds:.1f} s)", flush=True)
    print(f"          expected: {case.expected}\n          seen: {saw[:400]}", flush=True)
    return verdict


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    """Of the command line, or of these words."""
    all_cases()
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--only", type=int, nargs="+", default=sorted(BOARD), metavar="N", help="these cases alone"
    )
    parser.add_argument(
        "--peers",
        nargs=argparse.REMAINDER,
        metavar="OPTION",
        help="instead, the portable cases for taskrow and for its peers (`--peers --help`)",
    )
    options = parser.parse_args(words)
    if unknown := sorted(set(options.only) - BOARD.keys()):
        parser.error(f"there is no case {unknown[0]}: they have the numbers 1 to {max(BOARD)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
