"""The seat of one contender in its process: its lane, its worker, the notes of its tasks."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.lanes.lane import Lane

ROOT = Path(__file__).parents[2]
LOOK_EVERY = 0.001
_PATIENCE = 240.0


class Seat:
    """What the questions work on."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.notes = lane.spec.directory / "notes"
        self.submitted: dict[str, int] = {}  # what ``same`` has to return, by id
        self._log = lane.spec.directory / "worker.log"

    @contextmanager
    def worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """Its worker, told to stop when the block is over."""
        command = self.lane.worker()
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                command.line, cwd=ROOT, env=command.full_environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            _end(process)

    def wait(
        self,
        look: Callable[[], bool],
        worker: subprocess.Popen[bytes],
        every: float = LOOK_EVERY,
        seconds: float = _PATIENCE,
    ) -> None:
        """Look until it is so. RuntimeError when the worker ends before, or it takes too long."""
        deadline = time.monotonic() + seconds
        while not look():
            if worker.poll() is not None:
                raise RuntimeError(f"the worker ended with work left: {self._last_words()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"not done after {seconds:g} s: {self._last_words()}")
            time.sleep(every)

    def noted(self) -> dict[int, tuple[float, float]]:
        """What ``note`` wrote down: by number, when it began and how old its process was."""
        with suppress(FileNotFoundError):
            lines = self.notes.read_text().splitlines()
            return {int(n): (float(at), float(age)) for n, at, age in map(str.split, lines)}
        return {}

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-500:] or "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
