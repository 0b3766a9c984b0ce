"""What a task may change in its process that the next one must not notice."""

from __future__ import annotations

import os
import sys
from contextlib import suppress


class Surroundings:
    """The process as it was before the first task: its folder, its standard streams, itself."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._folder = os.getcwd()
        self._streams = sys.stdin, sys.stdout, sys.stderr

    def leave_if_forked(self) -> None:
        """End a child that a task forked and that came back from it: there is one runner."""
        if os.getpid() != self._process:
            os._exit(0)

    def restore(self) -> None:
        """Undo what a task has left behind. A folder that is gone stays gone."""
        sys.stdin, sys.stdout, sys.stderr = self._streams
        with suppress(OSError):
            os.chdir(self._folder)
