"""How fast a worker drains what waits: alone, and while others submit.

All are measured by the same eyes: from the moment at which an outside reader sees the first result
to the moment at which it sees the last. So the start of interpreters does not count, and every
commit after the first result does.
"""

from __future__ import annotations

import subprocess
import time
from typing import Any

from bench.asks.seat import Seat
from bench.asks.submitting import submit_many
from bench.lanes.lane import NotMeasured


def fill(seat: Seat, tasks: int, function: str = "same", argument: float | None = None) -> None:
    """Submit what is to be drained, in the fastest way that the contender has."""
    if function == "same":
        try:
            submit_many(seat, tasks)
            return
        except NotMeasured:
            pass
    with seat.lane.around():
        submit = seat.lane.submit(function)
        for number in range(tasks):
            task_id = submit(number if argument is None else argument)
            seat.submitted[task_id] = number


def drain(
    seat: Seat, tasks: int, function: str = "same", argument: float | None = None
) -> dict[str, Any]:
    """Let the worker run so many tasks; tasks a second, and of how many runners."""
    fill(seat, tasks, function, argument)
    seat.lane.rest()
    with seat.worker() as worker:
        rate = _rate(seat, worker, tasks)
    if function == "same":
        _check(seat)
    return {"rate": rate, "runners": seat.lane.runners}


def _rate(seat: Seat, worker: subprocess.Popen[bytes], tasks: int) -> float:
    lane = seat.lane
    seat.wait(lambda: lane.ended() > 0, worker)
    began, before = time.perf_counter(), lane.ended()
    seat.wait(lambda: lane.all_ended(tasks), worker)
    passed = time.perf_counter() - began
    if before >= tasks:
        raise RuntimeError("too few tasks: all of them were over at the first look")
    # More than these may have waited: of earlier measurements on the same table.
    return (max(tasks, lane.ended()) - before) / passed


def _check(seat: Seat) -> None:
    try:
        results = seat.lane.results()
    except NotMeasured:
        return
    if results != seat.submitted:
        raise RuntimeError("its results are not those of what was submitted")


def drain_for(seat: Seat, tasks: int, seconds: float, pause: float | None = None) -> dict[str, Any]:
    """Fill, let the worker drain for so long, and submit one by one meanwhile.

    ``pause``: seconds from one submit to the next; None: submit nothing. Returns tasks a second in
    that time, and how many seconds each submit took.
    """
    fill(seat, tasks)
    seat.lane.rest()
    with seat.lane.around(), seat.worker() as worker:
        seat.wait(lambda: seat.lane.ended() > 0, worker)
        submit_one = None if pause is None else seat.lane.submit("same")
        if submit_one is not None:
            submit_one(0)  # it opens what it needs
        began, before, took = time.perf_counter(), seat.lane.ended(), []
        while (passed := time.perf_counter() - began) < seconds:
            if submit_one is None or pause is None:
                time.sleep(min(0.01, seconds - passed))
            else:
                took.append(_seconds_of(submit_one))
                time.sleep(pause)
            if seat.lane.all_ended(tasks + len(took)):
                break
        passed = time.perf_counter() - began
        return {"rate": (seat.lane.ended() - before) / passed, "took": took, "seconds": passed}


def _seconds_of(submit: Any) -> float:
    began = time.perf_counter()
    submit(0)
    return time.perf_counter() - began
