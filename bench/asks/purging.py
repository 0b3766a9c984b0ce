"""A purge of many rows beside a worker and a web process: what do submits feel of it?"""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Any

from bench.asks.seat import ROOT, Seat
from bench.lanes.lane import Command


def purge_beside(seat: Seat, pause: float, settling: float) -> dict[str, Any]:
    """Purge in a process of its own while a worker runs what is submitted, one after a pause.

    Returns what each submit took, how long the purge did, and the file's size before and after;
    it has ``settling`` seconds to become smaller once the rows are gone.
    """
    file = Path(seat.lane.spec.options["file"])
    before, took = file.stat().st_size, []
    with seat.lane.around(), seat.worker():
        submit = seat.lane.submit("same")
        submit(0)
        began = time.perf_counter()
        purging = _start(seat.lane.purge())
        while purging.poll() is None:
            started = time.perf_counter()
            submit(0)
            took.append(time.perf_counter() - started)
            time.sleep(pause)
        seconds = time.perf_counter() - began
        if purging.returncode != 0:
            raise RuntimeError(f"the purge ended with exit code {purging.returncode}")
        after = _settled(file, before, settling)
    return {"took": took, "seconds": seconds, "before": before, "after": after}


def _start(command: Command) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command.line, cwd=ROOT, env=command.full_environment, stdout=2)


def _settled(file: Path, before: int, seconds: float) -> int:
    """The file's size once it has become smaller, or will not."""
    deadline = time.monotonic() + seconds
    size = file.stat().st_size
    while size > before / 2 and time.monotonic() < deadline:
        time.sleep(0.5)
        size = file.stat().st_size
    return size
