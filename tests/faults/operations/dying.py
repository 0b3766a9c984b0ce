"""Work that is done in children which die at an operation; and the hosts that have such children.

A host is a module that is run with shims/inject.c in front of it. It prints what it saw as numbers.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.shims import build
from tests.support.processes import PATH

_KILL = 1


def run_host(name: str, place: Path, watched: Path, *arguments: object) -> list[int]:
    """Run a host of this package. Operations on files below ``watched`` count."""
    shim = build("inject", place)
    host = subprocess.run(
        [sys.executable, "-m", f"{__package__}.{name}", *map(str, (shim, *arguments))],
        env={"LD_PRELOAD": str(shim), "FAULT_DIR": str(watched), "PYTHONPATH": PATH},
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert host.returncode == 0, host.stderr[-2000:]
    return [int(number) for number in host.stdout.split()]


class Faults:
    """The shim in front of this process. ``notes``: a file where children leave their count."""

    def __init__(self, shim: str, notes: Path) -> None:
        self._shim, self._notes = ctypes.CDLL(shim), notes
        self._shim.fault_count.restype = ctypes.c_long

    def die_at(self, number: int, work: Callable[[], None]) -> int:
        """Do it in a child that is killed at an operation; how it ended (0, or minus SIGKILL)."""
        return self._fork(work, number, _KILL)

    def count(self, work: Callable[[], None]) -> int:
        """Do it in a child that lives; how many operations it had."""
        code = self._fork(work, 0, 0)
        assert code == 0, code
        return int(self._notes.read_text())

    def _fork(self, work: Callable[[], None], number: int, action: int) -> int:
        if (child := os.fork()) == 0:
            self._shim.fault_arm(ctypes.c_long(number), ctypes.c_int(action))
            work()
            self._notes.write_text(str(self._shim.fault_count()))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
