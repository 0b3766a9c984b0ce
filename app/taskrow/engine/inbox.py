"""What a runner still has to do. Another thread can take it back while a task runs."""

from __future__ import annotations

import select
import socket
import threading
from collections import deque

from taskrow.engine.messages import Assignment, LineBuffer, decode_assignment

_PIECE = 256 * 1024


class Inbox:
    """Assignments in the order in which they came, from the work socket."""

    def __init__(self, work: socket.socket) -> None:
        self._work = work
        self._work.setblocking(True)
        self._lines = LineBuffer()
        self._waiting: deque[Assignment] = deque()
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._closed = False

    def next(self) -> Assignment | None:
        """Wait for an assignment; None when the supervisor wants no more of this runner."""
        with self._turn:  # of several threads one waits for the socket, and the others for it
            while True:
                with self._lock:
                    if self._waiting:
                        return self._waiting.popleft()
                if self._closed:
                    return None
                select.select([self._work], [], [])  # not in the lock: a recall must not wait
                self._receive()

    def take_back(self) -> list[Assignment]:
        """Give up everything that has not been started."""
        self._receive()
        with self._lock:
            taken = list(self._waiting)
            self._waiting.clear()
        return taken

    def _receive(self) -> None:
        """Take in what lies in the socket, without waiting."""
        with self._lock:
            while not self._closed and select.select([self._work], [], [], 0)[0]:
                piece = self._work.recv(_PIECE)
                self._closed = not piece
                self._waiting += map(decode_assignment, self._lines.feed(piece))
