"""The application of the cases: tasks that are killed, go mad, wait, or just add."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from flask import Flask
from flask.typing import ResponseReturnValue

from taskrow import TaskContext, TaskQueue
from tests.faults.peers.tasks import hold_interpreter

app = Flask(__name__)
app.config.from_prefixed_env()
app.config.setdefault("SECRET_KEY", "of the faults")
queue = TaskQueue(app)


def note(path: str, text: str) -> None:
    """One line in a file: this was run."""
    with Path(path).open("a") as file:
        file.write(f"{text}\n")


def wait_for(path: str) -> None:
    """Until somebody makes this file."""
    while not Path(path).exists():
        time.sleep(0.01)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@app.post("/view")
@queue.async_api
def view() -> ResponseReturnValue:
    return {"said": "so"}, 201


@queue.access
def may(*_: Any) -> bool:
    """Closed, as it is by itself; unless a case opens it."""
    return os.environ.get("FAULTS_OPEN") == "1"


@queue.task(http=True)
def echo(value: Any) -> Any:
    return value


@queue.task(bind=True)
def shout(self: TaskContext, words: str) -> None:
    """Says it wherever a task can say something."""
    app.logger.warning("%s", words)
    self.update_state(meta={"current": 1, "total": 2, "status": words})
    raise ValueError(words)


@queue.task
def add(one: int, other: int) -> int:
    return one + other


@queue.task(bind=True)
def note_and_wait(self: TaskContext, mark: str, gate: str) -> int:
    """Notes its attempt and its process, and waits; its result is the attempt."""
    note(mark, f"{self.request.attempt} {os.getpid()}")
    wait_for(gate)
    return self.request.attempt


@queue.task(bind=True)
def end_process(self: TaskContext, how: str, mark: str) -> None:
    """Ends the process that runs it."""
    note(mark, str(self.request.attempt))
    if how == "exit":
        os._exit(0)
    os.kill(os.getpid(), getattr(signal, how))


@queue.task(timeout=1.0)
def loop_for_ever() -> None:
    while True:
        pass


@queue.task
def hold_the_interpreter(seconds: float) -> float:
    """One call into C that lets nobody else run; returns how long it took."""
    began = time.monotonic()
    hold_interpreter(seconds)
    return time.monotonic() - began


@queue.task
def recurse() -> None:
    def deeper() -> None:
        deeper()

    deeper()


@queue.task
def give_back(kind: str) -> Any:
    """Something that cannot be stored."""
    if kind == "object":
        return object()
    return "x" * 50_000_000


@queue.task
def raise_it(kind: str) -> None:
    if kind == "Unprintable":
        raise Unprintable
    if kind == "SystemExit":
        sys.exit(3)
    raise KeyboardInterrupt


@queue.task
def take_memory(megabytes: int) -> int:
    """Holds so much memory at once."""
    return len(b"x" * (megabytes * 1024 * 1024))
