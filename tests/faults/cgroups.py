"""A limit to the memory of some processes: a control group of the kernel's, of version 1 or 2."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.needs import Unavailable

_MOUNTS = Path("/proc/mounts")
_CONTROLLERS, _ENABLED = "cgroup.controllers", "cgroup.subtree_control"


def make_group(limit: int, mounts: str | None = None) -> Path:
    """A new group whose processes hold at most ``limit`` bytes; they come in by `join`.

    ``mounts``: instead of what is mounted here. Unavailable says what is missing.
    """
    told = _MOUNTS.read_text() if mounts is None else mounts
    for place, kind, options in _groups_in(told):
        if kind == "cgroup" and "memory" in options:
            return _make(place, {"memory.limit_in_bytes": limit})
        if kind == "cgroup2" and "memory" in (place / _CONTROLLERS).read_text().split():
            _enable(place)
            return _make(place, {"memory.max": limit}, {"memory.swap.max": 0})
    raise Unavailable("needs a memory cgroup, of version 1 or 2: none is mounted here")


def join(group: Path, pid: int) -> None:
    """Move a process into a group; what it starts from then on is in it by itself."""
    (group / "cgroup.procs").write_text(str(pid))


def _groups_in(mounts: str) -> Iterator[tuple[Path, str, list[str]]]:
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            yield Path(place), kind, options.split(",")


def _enable(place: Path) -> None:
    """Let groups right below have limits.

    The kernel refuses that (busy) in a container whose root is none, and has processes of its own.
    """
    if "memory" not in (place / _ENABLED).read_text().split():
        with _telling(f"+memory in {place / _ENABLED}"):
            (place / _ENABLED).write_text("+memory")


def _make(place: Path, limits: dict[str, int], where_there: dict[str, int] | None = None) -> Path:
    group = place / f"taskrow-{os.getpid()}"
    with _telling(f"a group below {place}"):
        group.mkdir()
    try:
        with _telling(f"{', '.join(limits)} in {group}"):
            for name, value in limits.items():
                (group / name).write_text(str(value))
            for name, value in (where_there or {}).items():
                if (group / name).exists():  # without it the kernel may swap rather than kill
                    (group / name).write_text(str(value))
    except Unavailable:
        group.rmdir()
        raise
    return group


@contextmanager
def _telling(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"needs root, and {what}: {error.strerror}") from error
