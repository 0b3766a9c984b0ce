"""A thread that stands in line for another one, which can so give up waiting.

A flock is waited for in the kernel, in the order in which its processes came; but nothing ends such
a wait, and to try again and again instead costs the place in line, and a tenth of a millisecond at
each turn. So the wait is left to a thread that has nothing else to do.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from enum import Enum, auto

from taskrow.errors import DatabaseBusyError


class _State(Enum):
    RESTS = auto()
    WAITS = auto()  # in line, for somebody who waits
    UNWANTED = auto()  # in line still, but whoever waited has given up
    HAS_IT = auto()


class StandIn:
    """Stands in line by ``lock``, which blocks; what comes too late it gives back by ``unlock``.

    One thread at a time may wait. Its own is started when it is needed first.
    """

    def __init__(self, lock: Callable[[], None], unlock: Callable[[], None]) -> None:
        self._lock, self._unlock = lock, unlock
        self._pid = os.getpid()
        self._state = _State.RESTS
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._farewell: Callable[[], None] | None = None

    @property
    def is_in_line(self) -> bool:
        """Whether it stands there, if only for somebody who gave up."""
        return self._state is not _State.RESTS

    def wait(self, deadline: float) -> None:
        """Wait until it has the lock, which is the caller's then.

        DatabaseBusyError when that is not so by ``deadline`` (monotonic seconds). RuntimeError
        where no thread can be started.
        """
        with self._changed:
            self._start()
            self._state = _State.WAITS
            self._changed.notify_all()
            try:
                came = self._changed.wait_for(self._has_it, deadline - time.monotonic())
            except BaseException:
                self._give_up()
                raise
            if not came:
                self._give_up()
                raise DatabaseBusyError
            self._state = _State.RESTS

    def dismiss(self, farewell: Callable[[], None]) -> None:
        """Let it go, and say ``farewell`` when it is out of the line."""
        thread = self._thread if self._pid == os.getpid() else None  # a fork has no part in it
        if thread is not None:
            with self._changed:
                in_line, self._farewell = self.is_in_line, farewell
                self._changed.notify_all()
            if in_line:
                return
            thread.join()
        else:
            farewell()

    def _has_it(self) -> bool:
        return self._state is _State.HAS_IT

    def _give_up(self) -> None:
        if self._state is _State.HAS_IT:  # it came at this moment
            self._unlock()
            self._state = _State.RESTS
        else:
            self._state = _State.UNWANTED

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="taskrow-gate", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while self._is_called():
            self._lock()
            with self._changed:
                if self._state is _State.WAITS:
                    self._state = _State.HAS_IT
                    self._changed.notify_all()
                else:
                    self._unlock()
                    self._state = _State.RESTS
        assert self._farewell is not None
        self._farewell()

    def _is_called(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._state is _State.WAITS or self._farewell)
            return self._farewell is None
