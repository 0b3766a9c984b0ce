"""How fast the status of a task is read in Python."""

from __future__ import annotations

import random
import time
from typing import Any

from bench.asks.seat import Seat


def read(seat: Seat, reads: int, *, stored: bool = False) -> dict[str, Any]:
    """Read the status of tasks that were submitted, in any order; reads a second.

    ``stored``: of tasks that were in the table before.
    """
    luck = random.Random(1)
    known = seat.lane.some_ids(reads) if stored else list(seat.submitted)
    ids = luck.choices(known, k=reads)
    with seat.lane.around():
        look = seat.lane.read
        look(ids[0])
        began = time.perf_counter()
        for task_id in ids:
            look(task_id)
        return {"rate": reads / (time.perf_counter() - began)}
