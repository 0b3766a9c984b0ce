"""Processes with all that they have started, however far away it has gone."""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.faults.needs import Unavailable
from tests.support.processes import Process, eventually

_MARK = "PEERS_FAMILY"  # what is started inherits it, also in a session of its own


class Family:
    """A worker: its first process, and all that come from it."""

    def __init__(
        self,
        python: Path,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
    ) -> None:
        if sys.platform != "linux":
            raise Unavailable("needs /proc: Linux")
        self._mark = f"{_MARK}={uuid.uuid4()}"
        own = dict([self._mark.split("=")])
        self.first = Process(
            [str(python), "-m", *arguments], env={**environment, **own}, log=log, cwd=log.parent
        )

    def everyone(self) -> list[int]:
        """The processes of it that live."""
        mark, found = f"{self._mark}\0".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (place / "environ").read_bytes():
                    found.append(int(place.name))
        return found

    @property
    def has_ended(self) -> bool:
        return self.first.process.poll() is not None

    def send_all(self, number: signal.Signals) -> None:
        """A signal to everyone."""
        for process in self.everyone():
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def kill_all(self) -> None:
        """kill -9 to everyone, stopped first: nobody sees another die."""
        self.send_all(signal.SIGSTOP)
        self.send_all(signal.SIGKILL)
        self.first.process.wait()
        eventually(lambda: not self.everyone())
