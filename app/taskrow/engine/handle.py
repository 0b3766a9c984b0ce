"""A runner as its supervisor holds it: the process, the two lines to it, and what it was handed."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterable, Sequence

from taskrow.engine.flight import Flight, Held
from taskrow.engine.messages import (
    CANCEL,
    READY,
    RECALL,
    LineBuffer,
    Report,
    decode_report,
    encode_assignment,
    encode_command,
)
from taskrow.storage.claims import Claim

_PIECE = 256 * 1024
_UNHEARD = 1024 * 1024  # bytes of reports


class RunnerHandle:
    """One runner process, and what is ``in_flight`` to it."""

    def __init__(
        self, command: Sequence[str], shared_files: Iterable[int] = (), *, threads: int = 1
    ) -> None:
        self._work, work = socket.socketpair()
        self._control, control = socket.socketpair()
        # As much as the system allows: a runner must not wait while we commit. (By default Linux
        # holds 278 short reports.)
        work.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNHEARD)
        files = [str(work.fileno()), str(control.fileno()), str(os.getpid())]
        with work, control:
            self.process = subprocess.Popen(
                [*command, *files],
                stdin=subprocess.DEVNULL,
                pass_fds=[work.fileno(), control.fileno(), *shared_files],
            )
        self._work.setblocking(False)
        self._lines = LineBuffer()
        self._unsent = bytearray()
        self.in_flight = Flight(threads)
        self.ready = False
        self.gone = False
        self.recalled = False
        self.killed = False  # by us: what it ran is not to blame, unless it was ended for it
        self.ended_for: dict[Held, str] = {}  # what it was ended for, and why
        self.handed = 0  # how many tasks it was given, without those that came back
        self.worn = False  # it holds more memory than it may
        self.leaving_since: float | None = None  # monotonic: it gets no more and ends
        self.spare_since: float | None = None  # it is not needed now, and gets no more work

    def fileno(self) -> int:
        return self._work.fileno()

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent)

    def hand(self, claim: Claim, now: float) -> bool:
        """Give it a task; it is sent by :meth:`flush`. Returns whether it begins at once."""
        self.recalled = False
        self.handed += 1
        self._unsent += encode_assignment(claim)
        return self.in_flight.add(claim, now).since is not None

    def flush(self) -> None:
        """Send what fits; a runner that is busy reads later."""
        try:
            while self._unsent:
                del self._unsent[: self._work.send(self._unsent)]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()  # its end is seen when its reports are read
        if self.leaving_since is not None:
            self._end_of_work()

    def receive(self) -> list[Report]:
        """The reports that have come; sets ``gone`` at the end of the line."""
        lines: list[str] = []
        try:
            while piece := self._work.recv(_PIECE):
                lines += self._lines.feed(piece)
                if len(piece) < _PIECE:
                    break
            else:
                self.gone = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            self.gone = True
        reports = [decode_report(line) for line in lines]
        self.ready = self.ready or any(report.kind == READY for report in reports)
        return reports

    def find(self, report: Report) -> Held | None:
        """The task that a report speaks of; None where this runner does not hold it."""
        return self.in_flight.find(report.seq, report.attempt)

    def drop(self, held: Held, now: float, *, ran: bool) -> Held | None:
        """It holds this one no more; returns the one that begins in its place."""
        self.handed -= not ran
        if self.leaving_since is not None:
            self.leaving_since = now
        return self.in_flight.remove(held, now)

    def recall(self) -> None:
        """Ask back what has not been started."""
        self.recalled = True
        self._command(RECALL)

    def cancel(self, claim: Claim) -> None:
        """Tell a task that it should stop."""
        self._command(CANCEL, claim)

    def answer(self, claim: Claim, verdict: str) -> None:
        """Tell a task whether it may wait for another one."""
        self._command(verdict, claim)

    def _command(self, verb: str, claim: Claim | None = None) -> None:
        try:
            self._control.send(encode_command(verb, claim))
        except (BrokenPipeError, ConnectionResetError):
            return  # it is gone; its reports say so

    def leave(self, now: float) -> None:
        """Let it end after what it was handed."""
        self.leaving_since = now
        self.flush()

    def _end_of_work(self) -> None:
        try:
            self._work.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it has ended already, or knows

    def kill(self) -> None:
        """End it now."""
        self.killed = True
        self.process.kill()

    def end_for(self, held: Held, why: str) -> None:
        """End it now for a task that it runs, which is to blame."""
        self.ended_for.setdefault(held, why)
        self.kill()

    def close(self, patience: float | None = None) -> int:
        """Wait for its end, at most ``patience`` seconds, and return its exit code (or -signal)."""
        try:
            code = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self.process.wait()
        self._work.close()
        self._control.close()
        return code
