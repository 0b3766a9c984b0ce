"""What a task may change in its process that the next one must not notice."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

_HEARD = (1, 2)  # the files of stdout and stderr; a closed stdin harms nobody


class ProcessState:
    """The process as it was before the first task: its folder, its standard streams, itself.

    Looked at after each task, so every system call counts: it takes about three microseconds. With
    threads it is restored when none of them runs a task: it may be what another one has made of it.
    """

    def __init__(self) -> None:
        self._forked = False
        self._tasks = 0
        self._lock = threading.Lock()  # no task begins while the state is being restored
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._note_fork)
        self._go_home = _way_back(os.getcwd())
        self._streams = sys.stdin, sys.stdout, sys.stderr
        self._copies = [(copy, file) for file in _HEARD if (copy := _copy_of(file)) is not None]

    def begin(self) -> None:
        """A task begins."""
        with self._lock:
            self._tasks += 1

    def end(self) -> None:
        """A task is over: the last one at work leaves the process as it was."""
        self._leave_if_forked()
        with self._lock:
            self._tasks -= 1
            if not self._tasks:
                self._restore()

    def _leave_if_forked(self) -> None:
        """End a child that a task forked and that came back from it: there is one runner."""
        if self._forked:
            os._exit(0)

    def _restore(self) -> None:
        """Undo what tasks have left behind."""
        sys.stdin, sys.stdout, sys.stderr = self._streams
        try:
            self._go_home()
            for _, file in self._copies:
                os.get_inheritable(file)  # the cheapest question that a closed file does not answer
        except OSError:
            self._reopen()

    def _reopen(self) -> None:
        for copy, file in self._copies:
            try:
                os.dup2(copy, file)
            except OSError:
                return  # the copies were closed too, and with them the line to the supervisor

    def _note_fork(self) -> None:
        self._forked = True


def _way_back(folder: str) -> Callable[[], None]:
    """How to return to a folder: by a file of it where the system has that, which is faster."""
    try:
        file = os.open(folder, os.O_RDONLY)
    except OSError:
        return lambda: os.chdir(folder)
    return lambda: os.fchdir(file)


def _copy_of(file: int) -> int | None:
    try:
        return os.dup(file)
    except OSError:  # it is closed already
        return None
