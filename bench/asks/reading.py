"""How fast the status of a task is read in Python."""

from __future__ import annotations

import random
import time
from typing import Any

from bench.asks.seat import Seat


def read(seat: Seat, reads: int) -> dict[str, Any]:
    """Read the status of tasks that were submitted, in any order; reads a second."""
    luck = random.Random(1)
    ids = luck.choices(list(seat.submitted), k=reads)
    with seat.lane.around():
        look = seat.lane.read
        look(ids[0])
        began = time.perf_counter()
        for task_id in ids:
            look(task_id)
        return {"rate": reads / (time.perf_counter() - began)}
