"""A runner as its supervisor holds it: the process, the two lines to it, and what it was handed."""

from __future__ import annotations

import os
import socket
import subprocess
from collections import deque
from collections.abc import Iterable, Sequence

from taskrow.engine.messages import READY, LineBuffer, Report, decode_report, encode_assignment
from taskrow.storage.claims import Claim

_PIECE = 256 * 1024


class RunnerHandle:
    """One runner process. ``in_flight`` is in the order in which it runs: the first is running."""

    def __init__(self, command: Sequence[str], shared_files: Iterable[int], now: float) -> None:
        self._work, work = socket.socketpair()
        self._control, control = socket.socketpair()
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
        self.in_flight: deque[Claim] = deque()
        self.head_since = now  # monotonic: when the first in flight began, as far as is known
        self.ready = False
        self.gone = False
        self.recalled = False
        self.killed = False  # by us: what it ran is not to blame, unless it was ended for it
        self.ended_for: tuple[Claim, str] | None = None  # what it was ended for, and why
        self.committing_since: float | None = None  # what it runs commits itself since then
        self.has_committed = False  # what it runs is over, though its function is not yet
        self.waits = False  # what it runs waits for another task
        self.spare_since: float | None = None  # it is not needed now, and gets no more work

    def fileno(self) -> int:
        return self._work.fileno()

    @property
    def wants_to_write(self) -> bool:
        return bool(self._unsent)

    def hand(self, claim: Claim, now: float) -> None:
        """Give it a task; it is sent by :meth:`flush`."""
        if not self.in_flight:
            self.head_since = now
        self.in_flight.append(claim)
        self.recalled = False
        self._unsent += encode_assignment(claim)

    def flush(self) -> None:
        """Send what fits; a runner that is busy reads later."""
        try:
            while self._unsent:
                del self._unsent[: self._work.send(self._unsent)]
        except BlockingIOError:
            return
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()  # its end is seen when its reports are read

    def receive(self) -> list[Report]:
        """The reports that have come; sets ``gone`` at the end of the line."""
        lines: list[bytes] = []
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

    def find(self, report: Report) -> Claim | None:
        """The claim that a report speaks of; None where this runner does not hold it."""
        for claim in self.in_flight:
            if claim.seq == report.seq and claim.attempt == report.attempt:
                return claim
        return None

    def take(self, report: Report, now: float) -> Claim | None:
        """Like :meth:`find`, and the runner holds it no more."""
        claim = self.find(report)
        if claim is not None:
            if claim is self.in_flight[0]:
                self.head_since = now
                self.committing_since = None
                self.has_committed = self.waits = False
            self.in_flight.remove(claim)
        return claim

    def is_head(self, report: Report) -> bool:
        """Whether a report speaks of what this runner runs."""
        return bool(self.in_flight) and self.find(report) is self.in_flight[0]

    def recall(self) -> None:
        """Ask back what has not been started."""
        self.recalled = True
        self._command("recall")

    def cancel(self, seq: int) -> None:
        """Tell a task that it should stop."""
        self._command(f"cancel {seq}")

    def answer(self, seq: int, verdict: str) -> None:
        """Tell a task whether it may wait for another one."""
        self._command(f"{verdict} {seq}")

    def _command(self, line: str) -> None:
        try:
            self._control.send(f"{line}\n".encode())
        except (BrokenPipeError, ConnectionResetError):
            return  # it is gone; its reports say so

    def finish(self) -> None:
        """Let it end after what it is doing."""
        try:
            self._work.shutdown(socket.SHUT_WR)
        except OSError:
            return  # it has ended already

    def kill(self) -> None:
        """End it now."""
        self.killed = True
        self.process.kill()

    def end_head(self, why: str) -> None:
        """End it now for what it runs, which is to blame."""
        self.ended_for = self.in_flight[0], why
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
