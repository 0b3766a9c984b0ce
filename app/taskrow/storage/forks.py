"""Forks: no connection to an SQLite file may be open while the process forks.

SQLite keeps notes in memory of the locks that its process holds. A fork copies the notes without
the locks: a connection that the child opens stands unprotected, and when its parent, or anybody
else, closes the file as the last that holds a lock, the log is deleted below the child, and what it
commits from then on is lost without a word. So connections are closed before, and come back after.
"""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Rests(Protocol):
    """Something that can let go of its connections; they come back when they are needed."""

    def rest(self) -> None: ...


_resting: WeakSet[Rests] = WeakSet()


def rest_before_forks(one: Rests) -> None:
    """Let it rest before each fork of this process, as long as it lives."""
    _resting.add(one)


def _rest_all() -> None:
    for one in list(_resting):
        one.rest()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_rest_all)
