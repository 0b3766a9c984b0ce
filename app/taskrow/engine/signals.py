"""The signals that stop a worker: the first one kindly, the second one now."""

from __future__ import annotations

import os
import signal
from contextlib import suppress


class StopSignals:
    """Counts SIGTERM and SIGINT, and wakes the loop that waits on ``fileno``."""

    def __init__(self) -> None:
        self.stops = 0
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def install(self) -> None:
        """Take the signals over (in the main thread)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)

    def _stop(self, *_: object) -> None:
        self.stops += 1

    def fileno(self) -> int:
        return self._reader

    def drain(self) -> None:
        """Forget what woke us; the count stays."""
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)

    def restore(self) -> None:
        """Give the signals back."""
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL if number == signal.SIGTERM else _default_sigint)
        os.close(self._reader)
        os.close(self._writer)


_default_sigint = signal.default_int_handler
