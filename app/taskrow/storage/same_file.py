"""Watch that a path still is the file that was opened.

A deleted or replaced file can be written to, and read, without an error: into the void.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TypeAlias

from taskrow.errors import DatabaseError

Identity: TypeAlias = tuple[int, int]

_FRESH = 0.1  # seconds for which an answer counts for who only reads


class SameFile:
    """The file at a path, as it is now."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._identity = identity_of(self._path)
        self._look_at = 0.0

    def must_be_there(self) -> None:
        """DatabaseError where it is not: what was written since must not be promised."""
        must_be(self._path, self._identity)

    def must_be_there_lately(self) -> None:
        """Like :meth:`must_be_there`, but looked up seldom: reads are many."""
        moment = time.monotonic()
        if moment >= self._look_at:
            self.must_be_there()
            self._look_at = moment + _FRESH


def must_be(path: str, identity: Identity | None) -> None:
    """DatabaseError unless the file at a path still is the one of which this was the identity."""
    if identity_of(path) != identity:
        raise DatabaseError(
            f"the task database {path} was deleted or replaced while it was in use: "
            "what is written now would be lost; put it back and restart"
        )


def identity_of(path: str) -> Identity | None:
    """By which a file is known as the same one; None where there is none."""
    try:
        found = os.stat(path)  # at each commit, and a Path takes twice as long
    except OSError:
        return None
    return found.st_dev, found.st_ino
