"""Whether an image of the files keeps what was promised before the cut."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

STATUSES = {"scheduled", "queued", "running", "succeeded", "failed", "cancelled"}
_ROWS = """
SELECT id, status, result, name, args, queue, priority, body, response_status, response_body
FROM tasks LEFT JOIN task_requests ON task_seq = seq
"""
_NO_ARGS: dict[str, Any] = {"args": []}

Ended = tuple[str, Any]  # status, result
Asked = tuple[str, Any, str, int, bytes | None]  # name, call, queue, priority, body
Answer = tuple[int, bytes]  # status code, body


class _Row(NamedTuple):
    """What an image says of a task, in the forms of what is promised."""

    ended: Ended
    asked: Asked
    answer: tuple[Any, Any]


@dataclass
class Promised:
    """What clients knew at some moment: what was accepted, how some of it ended and answered."""

    accepted: set[str] = field(default_factory=set)
    asked: dict[str, Asked] = field(default_factory=dict)
    ended: dict[str, Ended] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)

    def add(self, promise: dict[str, Any]) -> None:
        """Something more is promised."""
        task_id = promise["id"]
        self.accepted.add(task_id)
        if "asked" in promise:
            name, args, queue, priority, body = promise["asked"]
            stored = None if body is None else body.encode()
            self.asked[task_id] = name, {"args": args}, queue, priority, stored
        if "status" in promise:
            self.ended[task_id] = promise["status"], promise.get("result")
        if (answer := promise.get("answer")) is not None:
            self.answers[task_id] = answer[0], bytes.fromhex(answer[1])


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
    rows = {columns[0]: _row(columns) for columns in image.execute(_ROWS)}
    if lost := promised.accepted - rows.keys():
        wrongs.append(f"{len(lost)} accepted tasks are gone")
    wrongs += _not_as_promised(rows, promised)
    ends = {id_: row.ended for id_, row in rows.items()}
    wrongs += [f"{status!r} is no status" for status, _ in ends.values() if status not in STATUSES]
    return wrongs + _wrong_effects(image, ends, tables)


def _row(columns: tuple[Any, ...]) -> _Row:
    _, status, result, name, args, queue, priority, body, code, answered = columns
    ended = status, None if result is None else _decoded(result)
    return _Row(ended, (name, _call_of(args), queue, priority, body), (code, answered))


def _not_as_promised(rows: dict[str, _Row], promised: Promised) -> list[str]:
    """Rows that are there, and say something else than a client was told."""
    there: list[tuple[str, Any, Any]] = []
    for id_, row in rows.items():
        there.append(("was accepted as", promised.asked.get(id_), row.asked))
        there.append(("had ended as", promised.ended.get(id_), row.ended))
        there.append(("had answered", promised.answers.get(id_), row.answer))
    return [
        f"a task that {word} {told} is {found}"
        for word, told, found in there
        if told is not None and told != found
    ]


@cache
def _decoded(result: str) -> Any:
    return json.loads(result)


@cache
def _call_of(text: str) -> Any:
    """A call; what is empty is left out of its row."""
    decoded = json.loads(text)
    return _NO_ARGS | decoded if isinstance(decoded, dict) else decoded


def _wrong_effects(
    image: sqlite3.Connection, rows: dict[str, Ended], tables: set[str]
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
