"""Whether a harness notices a flaw: each trial is a command that anyone can run."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.faults.power.mutants import MUTANTS as OF_POWER
from tests.mutants.copies import make_copy
from tests.mutants.flaw import Flaw
from tests.mutants.flaws import FLAWS
from tests.simulation.mutants import MUTANTS as OF_SIMULATION
from tests.support.processes import ROOT

_SECONDS = 900.0
_PYTEST = ("pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider")
_CUTS = ("--tasks", "40", "--images", "3000")
_KILLS = ("--actions", "kill", "--every", "20")
_MANY = ("--histories", "2000")  # until the first that is wrong

# Tests that put a flaw into real processes by themselves, and pass when it was noticed.
_OWN = {
    "no fence, workers killed and stopped": "tests/test_kills.py::"
    "test_without_the_fence_the_same_chaos_is_noticed",
    "no fence in self.commit()": "tests/test_commit_kills.py::"
    "test_without_the_fence_the_commit_of_a_zombie_is_noticed",
    "autocommit effects": "tests/test_commit_kills.py::"
    "test_effects_in_a_transaction_of_their_own_are_noticed",
    "a checkpoint without a write before it": "tests/storage/test_log_reset.py::"
    "test_a_checkpoint_never_begins_on_a_log_that_is_folded",
}


@dataclass(frozen=True)
class Heard:
    """How a command ended, and what it printed."""

    code: int
    said: str

    def find(self, pattern: str) -> str | None:
        """The first that matches, or its group."""
        found = re.search(pattern, self.said, re.MULTILINE)
        return None if found is None else found.group(found.lastindex or 0)

    @property
    def last_line(self) -> str:
        return self.said.strip().rpartition("\n")[2]


@dataclass(frozen=True)
class Trial:
    """``where``: in what the flaw was noticed; None: it was not."""

    flaw: str
    harness: str
    words: tuple[str, ...]
    where: Callable[[Heard], str | None]
    edits: Flaw | None = None

    def play(self) -> Heard:
        """Run the command, on a flawed copy of taskrow where the harness has none of its own."""
        with tempfile.TemporaryDirectory(prefix="taskrow-mutant-") as place:
            env = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
            if self.edits is not None:
                env = make_copy(self.edits, Path(place))
            done = subprocess.run(
                [sys.executable, "-m", *self.words],
                env=env, cwd=ROOT, check=False, text=True, timeout=_SECONDS,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return Heard(done.returncode, done.stdout)


def all_trials() -> Iterator[Trial]:
    """Each flaw with each harness that must notice it."""
    for name in sorted(OF_POWER):
        yield Trial(
            name, "power loss", ("tests.faults.power", *_CUTS, "--mutant", name), _in_images
        )
    for name in OF_SIMULATION:
        yield Trial(name, "simulation", ("tests.simulation", *_MANY, "--mutant", name), _in_history)
    if importlib.util.find_spec("tests.model") is not None:
        yield Trial("all of the model's own", "model", ("tests.model", "--mutants"), _in_words)
    yield Trial(
        "a promise before the commit",
        "every operation",
        ("tests.faults.operations", *_KILLS, "--mutant", "promise-first"),
        _in_operation,
    )
    for name, test in _OWN.items():
        yield Trial(name, "tests", (*_PYTEST, test), _in_passed)
    for flaw in FLAWS:
        yield _of(flaw)


def _of(flaw: Flaw) -> Trial:
    if flaw.case is not None:
        words = ("tests.faults", "--only", str(flaw.case))
        return Trial(flaw.name, "scoreboard", words, partial(_in_case, flaw.words), flaw)
    if flaw.histories is not None:
        words = ("tests.simulation", "--histories", str(flaw.histories))
        return Trial(flaw.name, "simulation", words, _in_seed, flaw)
    tests = (f"tests/{test}" for test in flaw.tests)
    return Trial(flaw.name, "tests", (*_PYTEST, *tests), _in_failed, flaw)


# -- in what it was noticed ------------------------------------------------------------------------


def _in_images(heard: Heard) -> str | None:
    bad = heard.find(r"promises: (\d+) images break one")
    first = heard.find(r"the first: (seed \S+ at \d+)")
    return None if heard.code else f"{bad} of 3000 images, first {first}"


def _in_history(heard: Heard) -> str | None:
    return None if heard.code else heard.find(r"--seed \S+(?=:)")


def _in_seed(heard: Heard) -> str | None:
    return heard.find(r"--seed \S+(?=:)") if heard.code else None


def _in_operation(heard: Heard) -> str | None:
    return None if heard.code else heard.find(r"kill at \d+(?=: \d+ accepted tasks are gone)")


def _in_case(words: str, heard: Heard) -> str | None:
    number = heard.find(r"^FAIL +(\d+)")
    seen = heard.find(rf"^ +seen: AssertionError: (.*?{re.escape(words)}.{{0,70}})")
    return f"case {number}: {seen}" if heard.code == 1 and number and seen else None


def _in_failed(heard: Heard) -> str | None:
    return heard.find(r"^FAILED tests/(\S+)") if heard.code == 1 else None


def _in_passed(heard: Heard) -> str | None:
    return None if heard.code else heard.find(r"\d+ passed")


def _in_words(heard: Heard) -> str | None:
    return None if heard.code else heard.last_line
