"""The machine and the versions: without them a figure means nothing."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

_PIECE = b"\0" * 4096
_FASTEST_DISK = 100_000  # fdatasyncs a second; more means that there is no disk below


@dataclass(frozen=True)
class Facts:
    """Where and on what a run took place."""

    date: str
    processor: str
    cores: int
    system: str
    python: str
    sqlite: str
    libraries: dict[str, str]
    load: float  # of the last minute, before the run: what others do on the machine
    fdatasyncs: float  # a second, of the bare disk

    @property
    def is_disk(self) -> bool:
        """Whether fsync costs anything in the directory that was used."""
        return self.fdatasyncs < _FASTEST_DISK


def find_facts(directory: Path) -> Facts:
    """Look around. ``directory`` is where the files will lie."""
    return Facts(
        date=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        libraries={name: version(name) for name in ("taskrow", "sqlalchemy", "flask")},
        load=os.getloadavg()[0],
        fdatasyncs=fdatasync_rate(directory),
    )


def fdatasync_rate(directory: Path, seconds: float = 0.5) -> float:
    """How often a second the disk takes 4 KiB for good: the speed of light for a commit."""
    file = os.open(directory / "fdatasync", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        times, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.write(file, _PIECE)
            os.fdatasync(file)
            times += 1
        return times / (time.perf_counter() - began)
    finally:
        os.close(file)
        os.unlink(directory / "fdatasync")


def _processor() -> str:
    """The processor's name; Linux alone tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
