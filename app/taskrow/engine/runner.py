"""The child process that runs user code: one task after another, each reported as one line.

With threads it runs several at a time; a thread takes the next one when it is free.

A runner never writes a task's state, but for self.commit(); it does not even know the database
unless the task does. It ends when its supervisor lets go of it, and dies with its supervisor.
"""

from __future__ import annotations

import contextvars
import ctypes
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from typing import TYPE_CHECKING

from taskrow.engine.attempt_log import AttemptLog, LogKeeper
from taskrow.engine.committing import Committer, check_session
from taskrow.engine.context import Line
from taskrow.engine.inbox import Inbox
from taskrow.engine.memory import MemoryLimit
from taskrow.engine.messages import (
    GRANTED,
    LOGS,
    OVER,
    PROGRESS,
    READY,
    REFUSED,
    RETURNED,
    WORN,
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
_LOGS_EVERY = 1.0  # seconds between what a running task logged and more of it, for the worst case


class Runner:
    """One runner: the inbox, its threads, and the voice back to the supervisor."""

    def __init__(
        self,
        engine: QueueEngine,
        worker: str,
        work: socket.socket,
        control: socket.socket,
        *,
        threads: int = 1,
        max_memory: int = 0,
    ) -> None:
        self._engine, self._worker = engine, worker
        self._work, self._control = work, control
        self._inbox = Inbox(work)
        self._threads, self._memory = threads, MemoryLimit(max_memory)
        self._keeper = LogKeeper(engine.settings.log_level)
        self._state = ProcessState()
        self._speaking = threading.Lock()
        self._cancelled: set[int] = set()
        self._waiting = Waiting(self._say)
        engine.waiting = self._waiting.wait

    def run(self) -> None:
        """Run what comes, until no more is wanted."""
        self._keeper.install()
        threading.Thread(target=self._obey, name="taskrow-control", daemon=True).start()
        self._say(Report(READY))
        if self._threads == 1:  # in the main thread, where signals are heard
            self._work_off()
            return
        names = [f"taskrow-{number}" for number in range(self._threads)]
        hands = [threading.Thread(target=self._work_off_or_end, name=name) for name in names]
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()

    def _work_off(self) -> None:
        while (assignment := self._inbox.next()) is not None:
            # What a task sets in context variables is not there for the next one.
            contextvars.copy_context().run(self._work_on, assignment)

    def _work_off_or_end(self) -> None:
        """A thread that ended alone would leave its task running for ever."""
        try:
            self._work_off()
        except BaseException as error:  # noqa: BLE001
            if not isinstance(error, ConnectionError):  # the supervisor is gone
                traceback.print_exc()
            os._exit(1)

    def _work_on(self, assignment: Assignment) -> None:
        log = AttemptLog()
        self._state.begin()
        self._keeper.ensure()
        log.begin()
        self._waiting.begin(assignment)
        report = run_assignment(self._engine, assignment, self._line_of(assignment, log))
        self._state.end()  # first, for a child that the task forked ends here
        self._waiting.end(assignment)
        said = log.end_stored() if report.kind == OVER else log.end()
        last_words = _log_reports(assignment, said)
        if self._memory.is_passed_now():
            self._say(Report(WORN))
        self._say(*last_words, report)
        self._cancelled.discard(assignment.seq)

    def _line_of(self, assignment: Assignment, log: AttemptLog) -> Line:
        seq, attempt = assignment.seq, assignment.attempt

        def report(progress: str) -> None:
            news = log.news(time.monotonic(), _LOGS_EVERY)
            said = Report(PROGRESS, seq, attempt, payload=progress)
            self._say(*_log_reports(assignment, news), said)

        def check() -> None:
            if seq in self._cancelled:
                raise CancelRequested

        return Line(
            report=report,
            check=check,
            asked=lambda: seq in self._cancelled,
            commit=lambda *what: self._committer_of(assignment, log).commit(*what),
            check_session=lambda session: check_session(self._engine, session),
        )

    def _committer_of(self, assignment: Assignment, log: AttemptLog) -> Committer:
        seq, attempt = assignment.seq, assignment.attempt
        fence = {"at_seq": seq, "at_attempt": attempt, "at_worker": self._worker}

        def say(kind: str) -> None:
            self._say(Report(kind, seq, attempt))

        return Committer(self._engine, fence, say, log.store)

    def _say(self, *reports: Report) -> None:
        with self._speaking:
            self._work.sendall(b"".join(map(encode_report, reports)))

    def _obey(self) -> None:
        """The control thread: hears while a task runs. The end of the line is the end of us all."""
        lines = LineBuffer()
        while piece := self._control.recv(4096):
            for line in lines.feed(piece):
                self._obey_line(line)
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


def _log_reports(assignment: Assignment, text: str | None) -> list[Report]:
    if text is None:
        return []
    return [Report(LOGS, assignment.seq, assignment.attempt, payload=json.dumps(text))]


def serve(
    load: Callable[[], QueueEngine],
    worker: str,
    work_file: int,
    control_file: int,
    parent: int,
    *,
    threads: int = 1,
    max_memory: int = 0,
) -> None:
    """The life of a runner process of a worker. ``load`` gives the application's queue.

    ``max_memory`` is in MiB.
    """
    die_with(parent)
    _leave_signals_to_the_supervisor()
    work, control = socket.socket(fileno=work_file), socket.socket(fileno=control_file)
    try:
        Runner(load(), worker, work, control, threads=threads, max_memory=max_memory).run()
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
