"""A worker as a process of its own, and an outside reader that watches its file.

Both workers are measured by the same eyes: from the moment at which the first result can be read
to the moment at which the last can be. So the start of interpreters does not count, and every
commit after the first result does. A look costs microseconds, once a millisecond.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_LOOK_EVERY = 0.001
_PATIENCE = 300.0


@dataclass(frozen=True)
class Questions:
    """What the reader asks, as SQL with ``:tasks``: how many are done, and whether all are."""

    how_many: str
    all_done: str


def drain_with(
    command: list[str],
    file: Path,
    questions: Questions,
    tasks: int,
    env: Mapping[str, str] | None = None,
) -> float:
    """Start ``python -m command`` on a file with so many tasks; returns tasks per second."""
    with _running(command, env or {}) as worker, closing(sqlite3.connect(file)) as reader:

        def ask(question: str) -> Any:
            return reader.execute(question, {"tasks": tasks}).fetchone()[0]

        _wait(lambda: ask(questions.how_many) > 0, worker)
        began, before = time.perf_counter(), ask(questions.how_many)
        _wait(lambda: ask(questions.all_done), worker)
        seconds = time.perf_counter() - began
    return float((tasks - before) / seconds)


@contextmanager
def _running(command: list[str], env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The worker's process, told to stop (it may have, by itself) when the block is over."""
    worker = subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, env={**os.environ, **env})
    try:
        yield worker
    finally:
        worker.send_signal(signal.SIGINT)
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def _wait(look: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not look():
        if worker.poll() is not None and not look():
            raise RuntimeError(f"the worker ended with work left: {worker.args!r}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"the worker did not finish in {_PATIENCE:g} s: {worker.args!r}")
        time.sleep(_LOOK_EVERY)
