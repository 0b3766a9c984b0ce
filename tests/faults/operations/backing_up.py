"""Backs a database up again and again, and dies at one operation of the backup each time.

``backing_up SHIM DATABASE TARGET``: prints how often it died, and what stood under the target's
name afterwards: nothing or the file from before, or the new one. Runs with shims/inject.c in front,
whose FAULT_DIR is the directory of the target.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

from taskrow.storage.backup import back_up

_KILL = 1


def main() -> None:
    """Count the operations of a backup, then die at each of them, with and without a file there."""
    shim, database, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    faults = ctypes.CDLL(shim)
    faults.fault_count.restype = ctypes.c_long
    seen = {"killed": 0, "before": 0, "new": 0}
    for before in (None, b"the backup of last night"):
        _prepare(target, before)
        assert _back_up(faults, database, target, 0) == 0
        operations, whole = int(_count_of(target).read_text()), target.read_bytes()
        for number in range(1, operations + 1):
            _prepare(target, before)
            assert _back_up(faults, database, target, number) == -signal.SIGKILL
            seen["killed"] += 1
            seen[_look(target, before, whole)] += 1
    print(seen["killed"], seen["before"], seen["new"])


def _prepare(target: Path, before: bytes | None) -> None:
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir()
    if before is not None:
        target.write_bytes(before)


def _count_of(target: Path) -> Path:
    return target.with_name("count")


def _back_up(faults: ctypes.CDLL, database: Path, target: Path, number: int) -> int:
    """In a child, which dies at an operation; 0: it lives. Returns how the child ended."""
    if (child := os.fork()) == 0:
        faults.fault_arm(ctypes.c_long(number), ctypes.c_int(_KILL if number else 0))
        back_up(database, target, force=True)
        _count_of(target).write_text(str(faults.fault_count()))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _look(target: Path, before: bytes | None, whole: bytes) -> str:
    """What stands under the name; AssertionError for anything but one of the two."""
    found = target.read_bytes() if target.exists() else None
    if found == before:
        return "before"
    assert found == whole, f"a backup of {len(found or b'')} bytes instead of {len(whole)}"
    return "new"


if __name__ == "__main__":
    main()
