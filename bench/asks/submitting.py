"""How fast tasks are submitted: one by one from threads, and many at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from bench.asks.seat import Seat


def delay(seat: Seat, tasks: int, threads: int) -> dict[str, Any]:
    """Submit so many one by one, each committed when its call returns; the seconds it took."""
    before = len(seat.submitted)
    start = threading.Barrier(threads + 1)
    parts = [range(before + place, before + tasks, threads) for place in range(threads)]
    crew = [threading.Thread(target=_submit_all, args=(seat, part, start)) for part in parts]
    for thread in crew:
        thread.start()
    start.wait()
    began = time.perf_counter()
    for thread in crew:
        thread.join()
    seconds = time.perf_counter() - began
    if len(seat.submitted) != before + tasks:
        raise RuntimeError("some submits failed, see above")
    return {"seconds": seconds}


def _submit_all(seat: Seat, numbers: Sequence[int], start: threading.Barrier) -> None:
    with seat.lane.around():
        submit = seat.lane.submit("same")
        start.wait()
        for number in numbers:
            seat.submitted[submit(number)] = number


def submit_many(seat: Seat, tasks: int, at_once: int = 1000) -> dict[str, Any]:
    """Submit so many in one call, so many in a transaction; the seconds it took."""
    first = len(seat.submitted)
    numbers = range(first, first + tasks)
    with seat.lane.around():
        began = time.perf_counter()
        ids = seat.lane.submit_many(numbers, at_once)
        seconds = time.perf_counter() - began
    seat.submitted.update(zip(ids, numbers, strict=True))
    return {"seconds": seconds}
