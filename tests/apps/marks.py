"""Tasks that note each attempt that begins: for a history (tests/faults/history.py), or a soak."""

from __future__ import annotations

import os
from pathlib import Path

from taskrow import TaskContext

MARKS = "TASK_MARKS"  # the environment variable with the file


def begin(self: TaskContext, *more: object) -> None:
    """Note it, and what more there is to say of it, in one write."""
    words = (self.request.id, self.request.attempt, *more)
    with Path(os.environ[MARKS]).open("a") as file:
        file.write(" ".join(map(str, words)) + "\n")


class Marks:
    """The file, of which each line is read once."""

    def __init__(self, file: Path) -> None:
        self._file, self._read = file, 0  # bytes
        self.env = {MARKS: str(file)}
        file.touch()

    def new(self) -> list[tuple[str, int]]:
        """The tasks and attempts that have begun since the last look, in that order."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            said = file.read()
        self._read += len(said)
        fields = [line.split() for line in said.decode().splitlines()]
        return [(task_id, int(attempt)) for task_id, attempt in fields]
