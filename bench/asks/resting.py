"""A worker with nothing to do: what it costs, and how soon it takes what comes."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from contextlib import closing
from typing import Any

from bench.asks.processes import cpu_seconds, memory_of
from bench.asks.seat import Seat

_SHORTEST, _LONGEST = 0.010, 0.050  # seconds between two submits


def rest(
    seat: Seat, tasks: int, idle: float, by_hand: int = 0, long_idle: float = 0.0
) -> dict[str, Any]:
    """Start a worker; let it rest; submit now and then; seconds from each submit to its start.

    Also: seconds until its first task ran, and how old its runner was then; CPU and memory at rest;
    the pick-up after ``long_idle`` seconds, and of rows that were inserted by hand.
    """
    with seat.lane.around():
        submit = seat.lane.submit("note")
        submit(str(seat.notes), -1)
        seat.lane.rest()
        began = time.monotonic()
        with seat.worker() as worker:
            seat.wait(lambda: -1 in seat.noted(), worker)
            first, age = seat.noted()[-1]
            time.sleep(1.0)
            found = _at_rest(worker, idle)
            found |= {"start": first - began, "runner_start": age}
            found["picked_up"] = _pick_up(seat, worker, submit, tasks)
            found["by_hand"] = _by_hand(seat, worker, by_hand)
            if long_idle:
                time.sleep(long_idle)
                found["after_idle"] = _pick_up(seat, worker, submit, 1, first=2_000_000)
    return found


def _at_rest(worker: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
    before, began = cpu_seconds(worker.pid), time.perf_counter()
    time.sleep(seconds)
    share = (cpu_seconds(worker.pid) - before) / (time.perf_counter() - began)
    return {"cpu": share, **memory_of(worker.pid)}


def _pick_up(
    seat: Seat, worker: subprocess.Popen[bytes], submit: Any, tasks: int, first: int = 0
) -> list[float]:
    luck, submitted = random.Random(1), {}
    for number in range(first, first + tasks):
        submit(str(seat.notes), number)
        submitted[number] = time.monotonic()
        time.sleep(luck.uniform(_SHORTEST, _LONGEST))
    seat.wait(lambda: seat.noted().keys() >= submitted.keys(), worker)
    noted = seat.noted()
    return [noted[number][0] - at for number, at in submitted.items()]


def _by_hand(seat: Seat, worker: subprocess.Popen[bytes], tasks: int) -> list[float]:
    """The rows of an admin who knows nothing but SQL."""
    if not tasks:
        return []
    luck, submitted = random.Random(2), {}
    statement = """
      INSERT INTO tasks (id, name, args, queue, status, priority, run_at, created_at)
      VALUES (lower(hex(randomblob(16))), 'bench.tasks.note', json_object('args', json_array(?, ?)),
              'default', 'queued', 0, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
              strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    """
    file = seat.lane.spec.directory / "tasks.db"
    with closing(sqlite3.connect(file, timeout=30)) as shell:
        for number in range(1_000_000, 1_000_000 + tasks):
            with shell:
                shell.execute(statement, (str(seat.notes), number))
            submitted[number] = time.monotonic()
            time.sleep(luck.uniform(_SHORTEST, _LONGEST))
    seat.wait(lambda: seat.noted().keys() >= submitted.keys(), worker)
    noted = seat.noted()
    return [noted[number][0] - at for number, at in submitted.items()]
