"""A process that a command keeps beside itself, and ends in good order."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any


class ChildProcess:
    """A Python module that is run in a process of its own, and can be started again."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self._command = name, command
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, **more: Any) -> subprocess.Popen[bytes]:
        """Start it, out of reach of Ctrl-C: the parent hears that, and ends its children in order.

        more: what else ``subprocess.Popen`` takes.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self._command],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **more,
        )
        return self._process

    def exit_code(self) -> int | None:
        """How it ended; below 0 the signal that killed it; None while it runs."""
        return None if self._process is None else self._process.poll()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal; its end is awaited by :meth:`wait`."""
        if self._process is not None:
            self._process.send_signal(number)

    def wait(self, patience: float) -> None:
        """Wait for its end, at most so many seconds; then it is ended."""
        if self._process is None:
            return
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
