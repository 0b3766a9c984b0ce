"""What must stay flat: memory, descriptors, files and their sizes, rows, how long a submit takes.

A curve has a name that ends in what it measures; its unit and the slack of the rule go by that.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.soak.chaos import children

Sample = dict[str, float]

RULE = "median of the last quarter at most 1.2 x that of the second quarter, plus the slack"
UNITS = {"PSS": "MiB", "RSS": "MiB", "file": "MiB", "WAL": "MiB", "submit": "ms"}
UNITS |= {"database": "MiB"}
# What a curve may differ by chance: a batch of rows, a connection more, a log not yet folded.
_SLACK = {"PSS": 4.0, "RSS": 4.0, "descriptors": 6.0, "file": 1.0, "WAL": 4.0, "files": 4.0}
_SLACK |= {"database": 4.0, "connections": 6.0}
_SLACK |= {"tasks": 300.0, "task_attempts": 60.0, "submit": 20.0}
# Hurt workers start again all the time: they have a runner more or less.
_SLACK |= {"workers PSS": 50.0, "workers RSS": 70.0, "workers descriptors": 15.0}
# What is in no slack is not judged: each start of a worker leaves a row that tells of it.
_FACTOR = 1.2
_FEWEST = 16  # samples, below which quarters say nothing


@dataclass(frozen=True)
class Verdict:
    """One curve: its medians in the second and in the last quarter."""

    name: str
    before: float
    after: float

    @property
    def flat(self) -> bool:
        slack = _SLACK.get(self.name, _SLACK[measure(self.name)])
        return self.after <= self.before * _FACTOR + slack


def measure(curve: str) -> str:
    """What a curve measures: the last word of its name."""
    return curve.rpartition(" ")[2]


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """Each curve by the RULE. Killed processes are equally young in both quarters, spared ones
    grow old: there a leak of a few KiB a task shows."""
    if len(samples) < _FEWEST:
        return []
    quarter = len(samples) // 4
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    names = [name for name in samples[0] if measure(name) in _SLACK]
    return [Verdict(name, _middle(second, name), _middle(last, name)) for name in names]


def _middle(samples: Sequence[Sample], name: str) -> float:
    return median(sample[name] for sample in samples)


def of_processes(group: str, leaders: Iterable[int]) -> Sample:
    """Memory and descriptors of some processes with their children, all together."""
    pids = [pid for leader in leaders for pid in (leader, *children(leader))]
    sizes = [_memory(pid) for pid in pids]
    return {
        f"{group} PSS": sum(size.get("Pss", 0.0) for size in sizes),
        f"{group} RSS": sum(size.get("Rss", 0.0) for size in sizes),
        f"{group} descriptors": sum(map(_descriptors, pids)),
    }


def _memory(pid: int) -> dict[str, float]:
    """``Pss``, ``Rss`` and others of the kernel's figures, in MiB; nothing of who is gone."""
    with suppress(OSError, ValueError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        pairs = [line.split()[:2] for line in lines]
        return {name.rstrip(":"): int(kib) / 1024 for name, kib in pairs}
    return {}


def _descriptors(pid: int) -> float:
    with suppress(OSError):
        return float(len(os.listdir(f"/proc/{pid}/fd")))
    return 0.0
