"""Who holds locks on the files of an SQLite database, as Linux tells it in ``/proc/locks``.

For people to read: elsewhere, and in some containers, nothing is told, and nothing depends on it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Where SQLite locks (its os_unix.c): a connection shares the file as long as it is open to a log,
# and a reader one of these bytes of the -shm file as long as its transaction is.
CONNECTED = range(0x40000002, 0x40000002 + 510)
READING = range(123, 128)


@dataclass(frozen=True)
class Lock:
    """One lock: the process that holds it, and the first byte that is locked."""

    pid: int
    start: int
    is_flock: bool


def locks_on(path: Path) -> list[Lock]:
    """All locks on a file that are known; not those of this process."""
    with suppress(OSError):
        told = Path("/proc/locks").read_text()
        return [lock for lock in parse_locks(told, path.stat()) if lock.pid != os.getpid()]
    return []


def parse_locks(told: str, file: os.stat_result) -> list[Lock]:
    """The locks on a file among those that ``/proc/locks`` tells."""
    device = f"{os.major(file.st_dev):02x}:{os.minor(file.st_dev):02x}:{file.st_ino}"
    found = []
    for line in told.splitlines():
        words = line.split()
        if len(words) == 8 and words[5] == device:  # one more word is for who only waits
            found.append(Lock(int(words[4]), int(words[6]), words[1] == "FLOCK"))
    return found


def who(pids: Collection[int]) -> str:
    """Processes in words: ``pid 4242 (gunicorn)``."""
    return ", ".join(f"pid {pid}{_command(pid)}" for pid in sorted(pids))


def users_of(database: Path) -> str:
    """The processes that have a database open, in words; empty where the platform does not say."""
    return who({lock.pid for lock in locks_on(database) if lock.start in CONNECTED})


def _command(pid: int) -> str:
    with suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        names = [Path(os.fsdecode(word)).name for word in words if word][:4]
        text = " ".join(names)[:40]
        return f" ({text})" if text.isprintable() and text else ""
    return ""
