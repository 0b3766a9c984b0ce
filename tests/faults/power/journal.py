"""The log of shims/record.c: what was done to the files, and what was promised meanwhile."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CREATE, WRITE, TRUNCATE, SYNC, UNLINK, PROMISE = "c", "w", "t", "s", "u", "p"

_HEAD = struct.Struct("<cBHIqI")


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation on a file; or a promise, whose data is JSON."""

    op: str
    name: str
    offset: int
    data: bytes

    @property
    def promise(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.data)
        return said


class Promises:
    """Notes what clients were promised, in the same order as the operations."""

    def __init__(self, log: Path) -> None:
        self._file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, **promise: Any) -> None:
        """From here on this holds, whatever happens to the power."""
        data = json.dumps(promise).encode()
        head = _HEAD.pack(PROMISE.encode(), 0, 0, os.getpid(), 0, len(data))
        os.write(self._file, head + data)

    def accepted(
        self,
        task_id: str,
        name: str,
        args: list[Any],
        *,
        queue: str = "default",
        priority: int = 0,
        body: str | None = None,
    ) -> None:
        """A client knows that this is stored. ``body``: of the request, of a view."""
        self.note(id=task_id, asked=[name, args, queue, priority, body])

    def ended(
        self, task_id: str, status: str, result: Any, answer: tuple[int, bytes] | None = None
    ) -> None:
        """A client was told how it ended, and what its view answered: status code and body."""
        told = None if answer is None else [answer[0], answer[1].hex()]
        self.note(id=task_id, status=status, result=result, answer=told)

    def close(self) -> None:
        os.close(self._file)


def read_journal(log: Path) -> list[Entry]:
    """All that was noted; a process that was killed leaves no half of an entry behind."""
    return list(_entries(log.read_bytes()))


def _entries(data: bytes) -> Iterator[Entry]:
    place = 0
    while place < len(data):
        op, name_length, _, _, offset, length = _HEAD.unpack_from(data, place)
        place += _HEAD.size
        name = data[place : place + name_length].decode()
        place += name_length
        size = length if op.decode() in (WRITE, PROMISE) else 0
        yield Entry(op.decode(), name, offset, data[place : place + size])
        place += size
