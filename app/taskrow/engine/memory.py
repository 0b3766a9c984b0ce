"""How much memory this process has in use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_STATM = Path("/proc/self/statm")
_MIB = 1024 * 1024


class MemoryLimit:
    """Whether this process has grown above a limit (in MiB; 0: none)."""

    def __init__(self, limit: int) -> None:
        self._limit = limit * _MIB
        self._told = False

    def is_passed_now(self) -> bool:
        """Whether it has, and did not have when it was asked before."""
        if not self._limit or self._told:
            return False
        self._told = resident_bytes() > self._limit
        return self._told


def resident_bytes() -> int:
    """What the process holds in memory; where the system does not tell, the most it ever held."""
    try:
        pages = int(_STATM.read_bytes().split()[1])
    except OSError:
        return _peak_bytes()
    return pages * os.sysconf("SC_PAGE_SIZE")


def _peak_bytes() -> int:
    try:
        import resource
    except ImportError:  # Windows: a runner is never too big
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
