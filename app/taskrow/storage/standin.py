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

from taskrow.errors import DatabaseBusyError


class StandIn:
    """Stands in line by ``lock``, which blocks; what comes too late it gives back by ``unlock``.

    One thread at a time may wait. Its own is started when it is needed first.
    """

    def __init__(self, lock: Callable[[], None], unlock: Callable[[], None]) -> None:
        self._lock, self._unlock = lock, unlock
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self.is_in_line = False  # if only for somebody who gave up
        self._is_wanted = False
        self._farewell: Callable[[], None] | None = None
        self._changing = threading.Lock()
        self._go, self._came = threading.Lock(), threading.Lock()  # bells: each is rung by release
        self._go.acquire()
        self._came.acquire()

    def wait(self, deadline: float) -> None:
        """Wait until it has the lock, which is the caller's then.

        DatabaseBusyError when that is not so by ``deadline`` (monotonic seconds). RuntimeError
        where no thread can be started.
        """
        self._call()
        try:
            if self._came.acquire(timeout=max(0.0, deadline - time.monotonic())):
                return
        except BaseException:
            if not self._give_up():
                self._unlock()
            raise
        if self._give_up():
            raise DatabaseBusyError

    def dismiss(self, farewell: Callable[[], None]) -> None:
        """Let it go, and say ``farewell`` when it is out of the line."""
        if self._thread is None or self._pid != os.getpid():  # a fork has no part in the thread
            farewell()
            return
        with self._changing:
            self._farewell = farewell
            if self.is_in_line:
                return
        self._go.release()
        self._thread.join()

    def _call(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="taskrow-gate", daemon=True)
            thread.start()
            self._thread = thread
        with self._changing:
            self._is_wanted = True
            if not self.is_in_line:
                self.is_in_line = True
                self._go.release()

    def _give_up(self) -> bool:
        """Leave it to stand there in vain. False: it has come at this moment."""
        with self._changing:
            if self._came.acquire(blocking=False):
                return False
            self._is_wanted = False
            return True

    def _run(self) -> None:
        while self._farewell is None:
            self._go.acquire()
            if self.is_in_line:
                self._lock()
                self._come()
        self._farewell()

    def _come(self) -> None:
        with self._changing:
            self.is_in_line = False
            if self._is_wanted:
                self._came.release()
            else:
                self._unlock()
