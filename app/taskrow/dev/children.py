"""The two processes of ``taskrow dev``, and what they print with a prefix before each line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO

from taskrow.engine.child import ChildProcess

_WIDTH = len("worker")
_speaking = threading.Lock()


def say(name: str, line: str | bytes) -> None:
    """Print a line of one of the processes, whole."""
    data = line.encode() if isinstance(line, str) else line
    with _speaking:
        sys.stdout.buffer.write(f"{name:<{_WIDTH}} | ".encode() + data.rstrip(b"\r\n") + b"\n")
        sys.stdout.buffer.flush()


class Child(ChildProcess):
    """A process that can be started again, and what it prints."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        super().__init__(name, command)
        self._reader = threading.Thread()

    def start(self) -> None:
        """Start it."""
        env = os.environ | {"PYTHONUNBUFFERED": "1"}
        process = self.launch(env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert process.stdout is not None
        self._reader = threading.Thread(
            target=_pass_on, args=[self.name, process.stdout], daemon=True
        )
        self._reader.start()

    def ended(self) -> int | None:
        """The exit code with which it ended by itself, told once; None otherwise."""
        code = self.exit_code()
        if code is not None:
            self.wait(0)
        return code

    def ask_to_stop(self) -> None:
        """SIGTERM; the end is awaited by :meth:`wait`."""
        self.tell(signal.SIGTERM)

    def wait(self, patience: float) -> None:
        """Wait for its end and its last words, at most so many seconds; then it is ended."""
        if self._process is None:
            return
        super().wait(patience)
        self._reader.join(1.0)  # what it has started may hold the line a little longer
        self._process = None


def _pass_on(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            say(name, line)
