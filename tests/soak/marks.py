"""What the tasks noted when they began: who ran again after a kill, and how soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from tests.soak.chaos import Fault


@dataclass(frozen=True)
class Mark:
    """An attempt began at ``moment`` (monotonic); ``due``: the due time of a scheduled task."""

    task: str
    attempt: int
    moment: float
    due: str


def read_marks(file: Path) -> list[Mark]:
    """All of them, in the order in which they were written."""
    fields = [line.split(" ") for line in file.read_text().splitlines()]
    return [Mark(task, int(attempt), float(moment), due) for task, attempt, moment, due in fields]


def begun_again(faults: Iterable[Fault], marks: Iterable[Mark]) -> list[tuple[Fault, float]]:
    """For each fault that hit running tasks: after how many seconds the last of them began again.

    Of those that ran for the first time: who was lost before waits by the curve of its backoff.
    What did not begin again had ended between the look and the kill, or the history is wrong.
    """
    began: dict[tuple[str, int], float] = {}
    for mark in marks:
        began.setdefault((mark.task, mark.attempt), mark.moment)
    found = []
    for fault in faults:
        firsts = [task for task, attempt in fault.tasks.items() if attempt == 1]
        again = [began[task, 2] - fault.moment for task in firsts if (task, 2) in began]
        if again:
            found.append((fault, max(again)))
    return found


def due_missed(marks: Iterable[Mark], every: float) -> list[str]:
    """Between which due times of the schedule there should have been others."""
    due = sorted({datetime.fromisoformat(mark.due) for mark in marks if mark.due})
    return [
        f"nothing was due between {before} and {after}"
        for before, after in pairwise(due)
        if after - before != timedelta(seconds=every)
    ]


def due_twice(marks: Iterable[Mark]) -> list[str]:
    """The due times of the schedule that became more than one task."""
    tasks: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        if mark.due:
            tasks[mark.due].add(mark.task)
    return [f"what was due at {due} is {sorted(ids)}" for due, ids in tasks.items() if len(ids) > 1]
