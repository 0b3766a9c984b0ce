"""The child process that runs user code: one task after another, each reported as one line.

With threads it runs several at a time; a thread takes the next one when it is free.

A runner never writes a task's state, but for self.commit(); it does not even know the database
unless the task does. It ends when its supervisor lets go of it, and dies with its supervisor.
"""

from __future__ import annotations

import contextvars
import json
import os
import signal
import socket
import threading
import time
import traceback
from typing import TYPE_CHECKING, Any

from taskrow.engine.attempt_log import AttemptLog, LogKeeper
from taskrow.engine.committing import Committer, check_session
from taskrow.engine.context import Line, Work
from taskrow.engine.inbox import Inbox
from taskrow.engine.memory import MemoryLimit
from taskrow.engine.messages import (
    CANCEL,
    GRANTED,
    LOGS,
    OVER,
    PROGRESS,
    READY,
    RETURNED,
    WORN,
    Assignment,
    LineBuffer,
    Report,
    decode_command,
    encode_report,
)
from taskrow.engine.outcome import run_assignment
from taskrow.engine.process_state import ProcessState
from taskrow.engine.waiting import Waiting
from taskrow.errors import CancelRequested

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.claims import Attempt

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
        self.engine, self.worker = engine, worker
        self._work, self._control = work, control
        self._inbox = Inbox(work)
        self._threads, self._memory = threads, MemoryLimit(max_memory)
        self._keeper = LogKeeper(engine.settings.log_level)
        self._state = ProcessState()
        self._speaking = threading.Lock()
        self.cancelled: set[Attempt] = set()  # that should stop
        self._waiting = Waiting(self.say)
        engine.waiting = self._waiting.wait
        engine.outlives_upgrades = True

    def run(self) -> None:
        """Run what comes, until no more is wanted."""
        self._keeper.install()
        threading.Thread(target=self._obey, name="taskrow-control", daemon=True).start()
        self.say(Report(READY))
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
        report = run_assignment(self.engine, assignment, _RunnerLine(self, assignment, log))
        self._state.end()  # first, for a child that the task forked ends here
        self._waiting.end(assignment)
        said = log.end_stored() if report.kind == OVER else log.end()
        if self._memory.is_passed_now():
            self.say(Report(WORN))
        self.say(*_log_reports(assignment, said), report)
        self.cancelled.discard(assignment.which)

    def say(self, *reports: Report) -> None:
        """Tell the supervisor, before anything else happens: who dies next is to blame alone."""
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
        verb, which = decode_command(line)
        if which is None:  # recall
            for assignment in self._inbox.take_back():
                self.say(Report(RETURNED, assignment.seq, assignment.attempt))
        elif verb == CANCEL:
            self.cancelled.add(which)
        else:
            self._waiting.answered(which, granted=verb == GRANTED)


class _RunnerLine(Line):
    """The line of one attempt to its supervisor."""

    __slots__ = ("_assignment", "_log", "_runner")

    def __init__(self, runner: Runner, assignment: Assignment, log: AttemptLog) -> None:
        self._runner, self._assignment, self._log = runner, assignment, log

    def report(self, progress: str) -> None:
        news = self._log.news(time.monotonic(), _LOGS_EVERY)
        logs = _log_reports(self._assignment, news)
        self._runner.say(*logs, self._said(PROGRESS, progress))

    def check(self) -> None:
        if self.asked():
            raise CancelRequested

    def asked(self) -> bool:
        return self._assignment.which in self._runner.cancelled

    def commit(self, work: Work, result: Any, progress: str | None) -> None:
        seq, attempt, _ = self._assignment
        fence = {"at_seq": seq, "at_attempt": attempt, "at_worker": self._runner.worker}
        committer = Committer(self._runner.engine, fence, self._say, self._log.store)
        committer.commit(work, result, progress)

    def check_session(self, session: Any) -> None:
        check_session(self._runner.engine, session)

    def _say(self, kind: str) -> None:
        self._runner.say(self._said(kind))

    def _said(self, kind: str, payload: str = "") -> Report:
        return Report(kind, self._assignment.seq, self._assignment.attempt, payload=payload)


def _log_reports(assignment: Assignment, text: str | None) -> Sequence[Report]:
    """What an attempt logged, where it did."""
    if text is None:
        return ()
    return (Report(LOGS, assignment.seq, assignment.attempt, payload=json.dumps(text)),)


def serve(
    load: Callable[[], QueueEngine],
    worker: str,
    work_file: int,
    control_file: int,
    *,
    threads: int = 1,
    max_memory: int = 0,
) -> None:
    """The life of a runner process of a worker. ``load`` gives the application's queue.

    ``max_memory`` is in MiB.
    """
    _leave_signals_to_the_supervisor()
    work, control = socket.socket(fileno=work_file), socket.socket(fileno=control_file)
    try:
        Runner(load(), worker, work, control, threads=threads, max_memory=max_memory).run()
    except (BrokenPipeError, ConnectionResetError):
        os._exit(1)  # the supervisor is gone; nobody is left to report to


def _leave_signals_to_the_supervisor() -> None:
    """Ctrl-C and systemd signal the whole group; only the supervisor decides what that means.

    A handler, not SIG_IGN: programs that a task starts would inherit the deafness.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
