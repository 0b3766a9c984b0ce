"""Where a thread sleeps: until it is woken, a file has something to read, or time is up."""

from __future__ import annotations

import os
import select


class Bed:
    """One thread sleeps in it; any other wakes it. Many calls before it gets up are one."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self._called = False

    def wake(self) -> None:
        """Whatever the sleeper is to find must be there before this is called."""
        if not self._called:
            self._called = True
            os.write(self._writer, b"!")

    def sleep(self, file: int | None, seconds: float | None) -> None:
        """Sleep on a file beside the calls. (poll: select knows no file beyond the 1024th.)"""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        if file is not None:
            poll.register(file, select.POLLIN)
        found = poll.poll(None if seconds is None else max(0.0, seconds) * 1000)
        if any(ready == self._reader for ready, _ in found):
            os.read(self._reader, 64)
            self._called = False  # after the read: a call in between is this one

    def close(self) -> None:
        os.close(self._reader)
        os.close(self._writer)
