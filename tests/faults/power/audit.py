"""Whether an image of the files keeps what was promised before the cut."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

STATUSES = {"scheduled", "queued", "running", "succeeded", "failed", "cancelled"}


@dataclass
class Promised:
    """What clients knew at some moment: which tasks were accepted, and how some of them ended."""

    accepted: set[str] = field(default_factory=set)
    ended: dict[str, tuple[str, Any]] = field(default_factory=dict)  # status, result

    def add(self, promise: dict[str, Any]) -> None:
        """Something more is promised."""
        self.accepted.add(promise["id"])
        if "status" in promise:
            self.ended[promise["id"]] = promise["status"], promise.get("result")


def audit(file: Path, promised: Promised, *, read_only: bool = False) -> list[str]:
    """What is wrong with an image, in words; nothing when all is well.

    read_only: leave it as it is, where nothing has to be rolled back.
    """
    if not file.exists():
        return ["the file is gone"] if promised.accepted else []
    name = f"file:{quote(str(file))}?mode={'ro' if read_only else 'rw'}"
    try:
        with closing(sqlite3.connect(name, isolation_level=None, uri=True)) as image:
            return list(_wrongs(image, promised))
    except (sqlite3.DatabaseError, ValueError, TypeError) as error:  # it may say anything
        return [f"it cannot be read: {error}"]


def _wrongs(image: sqlite3.Connection, promised: Promised) -> list[str]:
    (integrity,) = image.execute("PRAGMA integrity_check").fetchone()
    wrongs = [] if integrity == "ok" else [f"integrity_check says {integrity}"]
    tables = {name for (name,) in image.execute("SELECT name FROM sqlite_master")}
    if "tasks" not in tables:
        return [*wrongs, "the table is gone"] if promised.accepted else wrongs
    rows = {
        id_: (status, None if result is None else _decoded(result))
        for id_, status, result in image.execute("SELECT id, status, result FROM tasks")
    }
    if lost := promised.accepted - rows.keys():
        wrongs.append(f"{len(lost)} accepted tasks are gone")
    for id_, ended in promised.ended.items():
        if id_ in rows and rows[id_] != ended:
            wrongs.append(f"a task that had ended as {ended} is {rows[id_]}")
    wrongs += [f"{status!r} is no status" for status, _ in rows.values() if status not in STATUSES]
    return wrongs + _wrong_effects(image, rows, tables)


@cache
def _decoded(result: str) -> Any:
    return json.loads(result)


def _wrong_effects(
    image: sqlite3.Connection, rows: dict[str, tuple[str, Any]], tables: set[str]
) -> list[str]:
    """Writes that go with a task's success are there exactly when it succeeded."""
    if "effects" not in tables:
        return []
    done = Counter(id_ for (id_,) in image.execute("SELECT task FROM effects"))
    with_effect = {
        id_
        for id_, (status, result) in rows.items()
        if (status, result) == ("succeeded", "with effect")
    }
    wrongs = [f"{n} effects of one task" for n in done.values() if n != 1]
    if with_effect != done.keys():
        wrongs.append(f"{len(with_effect ^ done.keys())} tasks and effects do not belong together")
    return wrongs
