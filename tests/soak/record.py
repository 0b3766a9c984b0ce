"""A soak as JSON lines: samples, faults and the verdict, each line written when it is known."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

Line = dict[str, Any]
NAME = "soak.jsonl"


class Record:
    """Appends to the file in a directory; any thread may."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / NAME
        self._file.write_text("")
        self._lock = threading.Lock()

    def add(self, kind: str, facts: Line) -> None:
        """One line; ``kind``: ``sample``, ``fault``, ``again`` or ``verdict``."""
        with self._lock, self._file.open("a") as file:
            file.write(json.dumps({"kind": kind, **facts}) + "\n")


def read(directory: Path) -> dict[str, list[Line]]:
    """The lines of a record, by kind; what a soak that was ended early has written counts too."""
    lines: dict[str, list[Line]] = {"sample": [], "fault": [], "again": [], "verdict": []}
    for text in (directory / NAME).read_text().splitlines():
        line = json.loads(text)
        lines[line.pop("kind")].append(line)
    return lines
