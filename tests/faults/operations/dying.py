"""Work that is done in children which die at an operation; and the hosts that have such children.

A host is a module that is run with shims/inject.c in front of it. It prints what it saw as numbers.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from abc import ABC, abstractmethod
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


class Deaths(ABC):
    """What kills a child in the middle of its work. ``notes``: a file where it leaves its count."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def die_at(self, number: int, work: Callable[[], None]) -> int:
        """Do it in a child that is killed at an operation; how it ended (0, or minus SIGKILL)."""
        return self._fork(work, number)

    def count(self, work: Callable[[], None]) -> int:
        """Do it in a child that lives; how many operations it had."""
        code = self._fork(work, 0)
        assert code == 0, code
        return int(self._notes.read_text())

    def _fork(self, work: Callable[[], None], number: int) -> int:
        if (child := os.fork()) == 0:
            count = self.arm(number)
            work()
            self._notes.write_text(str(count()))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)

    @abstractmethod
    def arm(self, number: int) -> Callable[[], int]:
        """Die at this operation (0: at none) of this process; returns who counts them."""


class Faults(Deaths):
    """At an operation on a file: by the shim that is in front of this process."""

    def __init__(self, shim: str, notes: Path) -> None:
        super().__init__(notes)
        self._shim = ctypes.CDLL(shim)
        self._shim.fault_count.restype = ctypes.c_long

    def arm(self, number: int) -> Callable[[], int]:
        self._shim.fault_arm(ctypes.c_long(number), ctypes.c_int(_KILL if number else 0))
        return lambda: int(self._shim.fault_count())
