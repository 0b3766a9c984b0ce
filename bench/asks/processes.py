"""What a process and all below it cost, as Linux tells it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MIB = 1024  # /proc counts in KiB


def tree_of(pid: int) -> Iterator[int]:
    """A process and all its descendants."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            for child in (thread / "children").read_text().split():
                yield from tree_of(int(child))


def cpu_seconds(pid: int) -> float:
    """The processor time of a process and its descendants, as exactly as the kernel keeps it."""
    return sum(map(_cpu_seconds, tree_of(pid)))


def memory_of(pid: int) -> dict[str, float]:
    """MiB of a process and its descendants: rss counts shared pages in each, pss a part in each."""
    sums = {"rss": 0.0, "pss": 0.0}
    for each in tree_of(pid):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            name = line.partition(":")[0].lower()
            if name in sums:
                sums[name] += int(line.split()[1]) / _MIB
    return sums


def _cpu_seconds(pid: int) -> float:
    with suppress(OSError):  # nanoseconds of each thread, where the kernel counts them
        threads = Path(f"/proc/{pid}/task").iterdir()
        return sum(int((each / "schedstat").read_text().split()[0]) for each in threads) / 1e9
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
