"""Start hosts (host.py) with the shim in front of them, and gather what they saw."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.shims import build
from tests.support.processes import PATH


@dataclass
class Seen:
    """What became of many lives."""

    operations: int = 0  # of an undisturbed life
    lives: int = 0
    noticed: int = 0  # lives in which somebody died or was refused something
    wrongs: list[str] = field(default_factory=list)

    def add(self, other: Seen) -> None:
        """Take in what others saw."""
        self.operations = max(self.operations, other.operations)
        self.lives += other.lives
        self.noticed += other.noticed
        self.wrongs += other.wrongs


def fail_each(
    directory: Path,
    action: str,
    *,
    first: int = 1,
    every: int = 1,
    parts: int = 1,
    mutant: str = "",
) -> Seen:
    """Let each operation of a life go wrong, or every so many, in ``parts`` processes at a time.

    RuntimeError where nobody noticed: then nothing went wrong, and the lives prove nothing.
    """
    hosts = [
        _start(directory / f"{action}-{part}", action, first + part * every, every * parts, mutant)
        for part in range(parts)
    ]
    seen = Seen()
    for host in hosts:
        seen.add(_hear(host, action))
    _must_be_noticed(action, seen)
    return seen


def _must_be_noticed(action: str, seen: Seen) -> None:
    """Of kills somebody dies in each life; of an error it depends on where it hits."""
    enough = seen.lives if action == "kill" else 1
    if not 0 < enough <= seen.noticed:
        raise RuntimeError(
            f"of {seen.lives} lives with {action} only {seen.noticed} were disturbed: does "
            "shims/inject.c do what it should?"
        )


def _start(
    directory: Path, action: str, first: int, every: int, mutant: str
) -> subprocess.Popen[str]:
    directory.mkdir(parents=True)
    shim = build("inject", directory)
    files, notes = directory / "files", directory / "notes"
    arguments: Sequence[object] = (shim, files, notes, action, first, every, mutant)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.operations.host", *map(str, arguments)],
        env=os.environ | {"LD_PRELOAD": str(shim), "FAULT_DIR": str(files), "PYTHONPATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _hear(host: subprocess.Popen[str], action: str) -> Seen:
    said, errors = host.communicate()
    if host.returncode != 0:
        raise RuntimeError(f"the host of {action} failed:\n{errors[-3000:]}")
    head, *lives = map(json.loads, said.splitlines())
    return Seen(
        operations=head["operations"],
        lives=len(lives),
        noticed=sum(life["noticed"] for life in lives),
        wrongs=[f"{action} at {life['at']}: {wrong}" for life in lives for wrong in life["wrongs"]],
    )
