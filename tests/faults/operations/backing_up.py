"""Backs a database up again and again, and dies at one operation of the backup each time.

``backing_up SHIM DATABASE TARGET``: prints how often it died, and what stood under the target's
name afterwards: nothing, or the file from before; or the new one. Runs with shims/inject.c in front
(dying.py), which watches the directory of the target.
"""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from taskrow.storage.backup import back_up
from tests.faults.operations.dying import Faults

_LAST_NIGHTS = b"the backup of last night"


def main() -> None:
    """Count the operations of a backup, then die at each of them, with and without a file there."""
    database, target = Path(sys.argv[2]), Path(sys.argv[3])
    faults = Faults(sys.argv[1], target.parent.with_name("count"))

    def work() -> None:
        back_up(database, target, force=True)

    seen = {"killed": 0, "before": 0, "new": 0}
    for before in (None, _LAST_NIGHTS):
        _prepare(target, before)
        operations, whole = faults.count(work), _read(target)
        for number in range(1, operations + 1):
            _prepare(target, before)
            assert faults.die_at(number, work) == -signal.SIGKILL
            found = _read(target)
            assert found in (before, whole), f"a backup of {len(found or b'')} bytes"
            seen["killed"] += 1
            seen["before" if found == before else "new"] += 1
    print(*seen.values())


def _prepare(target: Path, before: bytes | None) -> None:
    """Only what was there before."""
    shutil.rmtree(target.parent, ignore_errors=True)
    target.parent.mkdir()
    if before is not None:
        target.write_bytes(before)


def _read(target: Path) -> bytes | None:
    return target.read_bytes() if target.exists() else None


if __name__ == "__main__":
    main()
