"""The task functions, the same for every contender."""

from __future__ import annotations

import os
import time
from pathlib import Path

_SPUN = 0.0003  # seconds at the end of a nap, for a sleep always lasts a little too long


def same(number: int) -> int:
    """Nothing: give back what came."""
    return number


def nap(seconds: float) -> float:
    """Take exactly so long, nearly all of it asleep."""
    ends = time.perf_counter() + seconds
    time.sleep(max(0.0, seconds - _SPUN))
    while time.perf_counter() < ends:
        pass
    return seconds


def note(file: str, number: int) -> int:
    """Write down when this began (monotonic seconds), and how old its process was then."""
    began = time.monotonic()
    line = f"{number} {began!r} {_age()!r}\n".encode()
    notes = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(notes, line)
    finally:
        os.close(notes)
    return number


def _age() -> float:
    """How many seconds ago this process was started; in hundredths."""
    fields = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[19]) / os.sysconf("SC_CLK_TCK")


FUNCTIONS = (same, nap, note)
