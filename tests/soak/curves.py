"""What must stay flat: memory, descriptors, the file and its log, and how long a submit takes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from tests.soak.chaos import children


@dataclass(frozen=True)
class Sample:
    """One look. Sizes are MiB; memory and descriptors are of the largest process of its kind."""

    minute: float
    web_memory: float
    worker_memory: float
    runner_memory: float
    descriptors: float
    file: float
    log: float
    submit: float  # milliseconds, median since the last look
    kills: float


def look(
    minute: float, web: int, workers: Iterable[int], file: Path, *, submit: float, kills: int
) -> Sample:
    """How things stand now. ``submit`` is in seconds."""
    workers = list(workers)
    servers = [web, *_children(web)]
    runners = [runner for worker in workers for runner in _children(worker)]
    return Sample(
        minute,
        max(map(_memory, servers)),
        max(map(_memory, workers), default=0.0),
        max(map(_memory, runners), default=0.0),
        max(map(_descriptors, (*servers, *workers, *runners))),
        _size(file),
        _size(file.with_name(f"{file.name}-wal")),
        submit * 1000,
        float(kills),
    )


def slope(samples: Sequence[Sample], name: str) -> float:
    """How much a curve grows in an hour, by the line through its second half."""
    later = samples[len(samples) // 2 :]
    xs, ys = [s.minute / 60 for s in later], [float(getattr(s, name)) for s in later]
    middle_x, middle_y = mean(xs), mean(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    if not spread:
        return 0.0
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return children(pid)
    return []


def _memory(pid: int) -> float:
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGESIZE") / 2**20
    return 0.0


def _descriptors(pid: int) -> float:
    with suppress(OSError):
        return float(len(os.listdir(f"/proc/{pid}/fd")))
    return 0.0


def _size(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_size / 2**20
    return 0.0
