"""Upgrades that are killed: of a file of its own, and of a database that is in use."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.faults.operations.dying import run_host
from tests.faults.shims import build
from tests.upgrades.versions import Version


@dataclass(frozen=True)
class Kills:
    """How many upgrades were killed, and how often that left the old and the new tables."""

    number: int
    old: int
    new: int


def kill_alone(directory: Path, revision: str, *, every: int) -> Kills:
    """Upgrade a file from a revision to the newest; die at every so many-th I/O operation."""
    directory.mkdir(exist_ok=True)
    files = directory / "files"
    return Kills(*run_host("upgrading", directory, files, files, revision, every))


def kill_in_use(directory: Path, url: str, following: Version, *, every: int) -> Kills:
    """Upgrade a database on which others work to the next version; die at every so many-th
    operation (on PostgreSQL: statement). It is in the end what it was.
    """
    env, arguments = following.env, [url, every, directory / "notes"]
    if url.startswith("sqlite"):
        shim = build("inject", directory)
        env |= {"LD_PRELOAD": str(shim), "FAULT_DIR": url.removeprefix("sqlite:///")}
        arguments.append(shim)
    host = subprocess.run(
        [sys.executable, "-m", "tests.upgrades.killed", *map(str, arguments)],
        env=env,
        check=False,
        capture_output=True,
        text=True,
    )
    if host.returncode != 0:
        raise AssertionError(host.stderr[-3000:])
    return Kills(*map(int, host.stdout.split()))
