"""The two processes of ``taskrow dev``, and what they print with a prefix before each line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import IO

_WIDTH = len("worker")
_speaking = threading.Lock()


def say(name: str, line: str | bytes) -> None:
    """Print a line of one of the processes, whole."""
    data = line.encode() if isinstance(line, str) else line
    with _speaking:
        sys.stdout.buffer.write(f"{name:<{_WIDTH}} | ".encode() + data.rstrip(b"\r\n") + b"\n")
        sys.stdout.buffer.flush()


class Child:
    """A process that can be started again."""

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self.name, self._command = name, command
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = threading.Thread()

    def start(self) -> None:
        """Start it, out of reach of Ctrl-C: the parent hears that, and ends both in order."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", *self._command],
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=_pass_on, args=[self.name, self._process.stdout], daemon=True
        )
        self._reader.start()

    def ended(self) -> int | None:
        """The exit code with which it ended by itself, told once; None otherwise."""
        code = None if self._process is None else self._process.poll()
        if code is not None:
            self.wait(0)
        return code

    def ask_to_stop(self) -> None:
        """SIGTERM; the end is awaited by :meth:`wait`."""
        if self._process is not None:
            self._process.terminate()

    def wait(self, patience: float) -> None:
        """Wait for its end and its last words, at most so many seconds; then it is ended."""
        if self._process is None:
            return
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(1.0)  # what it has started may hold the line a little longer
        self._process = None


def _pass_on(name: str, output: IO[bytes]) -> None:
    with output:
        for line in output:
            say(name, line)
