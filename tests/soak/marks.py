"""What the tasks noted when they began: who ran again after a kill, and how soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
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
    """For each fault that hit running tasks: after how many seconds one of them began again."""
    of_task: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        of_task[mark.task].append(mark)
    found = []
    for fault in faults:
        later = [
            mark.moment - fault.moment
            for task, attempt in fault.tasks.items()
            for mark in of_task[task]
            if mark.attempt > attempt
        ]
        if later:  # else what ran had ended between the look and the kill
            found.append((fault, min(later)))
    return found


def due_twice(marks: Iterable[Mark]) -> list[str]:
    """The due times of the schedule that became more than one task."""
    tasks: dict[str, set[str]] = defaultdict(set)
    for mark in marks:
        if mark.due:
            tasks[mark.due].add(mark.task)
    return [f"what was due at {due} is {sorted(ids)}" for due, ids in tasks.items() if len(ids) > 1]
