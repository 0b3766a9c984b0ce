"""The child process that runs user code: one task after another, each reported as one line.

A runner never writes a task's state, but for self.commit(); it does not even know the database
unless the task does. It ends when its supervisor lets go of it, and dies with its supervisor.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING

from taskrow.engine.committing import Committer, check_session
from taskrow.engine.context import Line
from taskrow.engine.inbox import Inbox
from taskrow.engine.messages import (
    GRANTED,
    PROGRESS,
    READY,
    REFUSED,
    RETURNED,
    Assignment,
    LineBuffer,
    Report,
    encode_report,
)
from taskrow.engine.outcome import run_assignment
from taskrow.engine.process_state import ProcessState
from taskrow.engine.waiting import Waiting
from taskrow.errors import CancelRequested

if TYPE_CHECKING:
    from collections.abc import Callable

    from taskrow.engine.queue import QueueEngine

_PR_SET_PDEATHSIG = 1


class Runner:
    """One runner: the inbox, and the voice back to the supervisor."""

    def __init__(
        self, engine: QueueEngine, worker: str, work: socket.socket, control: socket.socket
    ) -> None:
        self._engine, self._worker = engine, worker
        self._work, self._control = work, control
        self._inbox = Inbox(work)
        self._speaking = threading.Lock()
        self._cancelled: set[int] = set()
        self._waiting = Waiting(self._say)
        engine.waiting = self._waiting.wait

    def run(self) -> None:
        """Run until the supervisor closes the inbox."""
        threading.Thread(target=self._obey, name="taskrow-control", daemon=True).start()
        state = ProcessState()
        self._say(Report(READY))
        while (assignment := self._inbox.next()) is not None:
            self._waiting.begin(assignment)
            report = run_assignment(self._engine, assignment, self._line_of(assignment))
            self._waiting.end()
            state.leave_if_forked()
            state.restore()
            self._say(report)
            self._cancelled.discard(assignment.seq)

    def _line_of(self, assignment: Assignment) -> Line:
        seq, attempt = assignment.seq, assignment.attempt

        def check() -> None:
            if seq in self._cancelled:
                raise CancelRequested

        return Line(
            report=lambda progress: self._say(Report(PROGRESS, seq, attempt, payload=progress)),
            check=check,
            asked=lambda: seq in self._cancelled,
            commit=lambda *what: self._committer_of(assignment).commit(*what),
            check_session=lambda session: check_session(self._engine, session),
        )

    def _committer_of(self, assignment: Assignment) -> Committer:
        seq, attempt = assignment.seq, assignment.attempt
        fence = {"at_seq": seq, "at_attempt": attempt, "at_worker": self._worker}
        return Committer(self._engine, fence, lambda kind: self._say(Report(kind, seq, attempt)))

    def _say(self, report: Report) -> None:
        with self._speaking:
            self._work.sendall(encode_report(report))

    def _obey(self) -> None:
        """The control thread: hears while a task runs. The end of the line is the end of us all."""
        lines = LineBuffer()
        while piece := self._control.recv(4096):
            for line in lines.feed(piece):
                self._obey_line(line.decode())
        os._exit(1)

    def _obey_line(self, line: str) -> None:
        verb, _, seq = line.partition(" ")
        if verb == "cancel":
            self._cancelled.add(int(seq))
        elif verb in (GRANTED, REFUSED):
            self._waiting.answered(int(seq), granted=verb == GRANTED)
        else:
            for assignment in self._inbox.take_back():
                self._say(Report(RETURNED, assignment.seq, assignment.attempt))


def serve(
    load: Callable[[], QueueEngine], worker: str, work_file: int, control_file: int, parent: int
) -> None:
    """The life of a runner process of a worker. ``load`` gives the application's queue."""
    die_with(parent)
    _leave_signals_to_the_supervisor()
    work, control = socket.socket(fileno=work_file), socket.socket(fileno=control_file)
    try:
        Runner(load(), worker, work, control).run()
    except (BrokenPipeError, ConnectionResetError):
        os._exit(1)  # the supervisor is gone; nobody is left to report to


def die_with(parent: int) -> None:
    """Have the kernel end this process when ``parent`` ends (elsewhere: the control line does)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we could ask
        os._exit(1)


def _leave_signals_to_the_supervisor() -> None:
    """Ctrl-C and systemd signal the whole group; only the supervisor decides what that means.

    A handler, not SIG_IGN: programs that a task starts would inherit the deafness.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
