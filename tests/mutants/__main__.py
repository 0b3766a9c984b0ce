"""``python -m tests.mutants``: each flaw, the harness that must notice it, and in what it did."""

from __future__ import annotations

import argparse
import sys

from tests.mutants.trials import Trial, all_trials


def main() -> int:
    """0 when each was noticed."""
    trials = [trial for trial in all_trials() if _is_wanted(trial, _options().only)]
    print("| flaw | noticed by | seen in |\n|---|---|---|", flush=True)
    unnoticed = [trial for trial in trials if not _show(trial)]
    print(f"\n{len(trials) - len(unnoticed)} of {len(trials)} noticed")
    return int(bool(unnoticed))


def _show(trial: Trial) -> bool:
    heard = trial.play()
    where = trial.where(heard)
    # A harness that breaks has noticed nothing, either; what it said tells which it was.
    told = where or f"NOTHING: it ended with {heard.code}, and said: {heard.last_line}"
    print(f"| {trial.flaw} | {trial.harness} | {told} |", flush=True)
    return where is not None


def _is_wanted(trial: Trial, words: list[str]) -> bool:
    return not words or any(word in (trial.flaw, trial.harness) for word in words)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORDS", help="these flaws or harnesses alone"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
