"""Task functions that use every option, each told by its name what it does."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from pathlib import Path

from flask import Flask

from taskrow import SoftTimeout, TaskContext, TaskQueue

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


def note(mark: str) -> None:
    """One line for each run."""
    with Path(mark).open("a") as file:
        file.write(f"{os.getpid()}\n")


def stand() -> None:
    threading.Event().wait()


@queue.task
def add(a: int, b: int) -> int:
    return a + b


# -- timeouts ----------------------------------------------------------------------------------


@queue.task(timeout=1)
def hold_the_interpreter(mark: str) -> int:
    """One call that never lets another thread of its process run, nor a signal handler."""
    note(mark)
    return sum(itertools.repeat(0))


@queue.task(timeout=1)
def sleep_long(mark: str) -> None:
    note(mark)
    time.sleep(600)


@queue.task(timeout=1, soft_timeout=0.1)
def swallow(mark: str) -> None:
    """Hears the soft timeout, and goes on all the same."""
    while True:
        try:
            stand()
        except SoftTimeout:
            note(mark)


@queue.task(timeout=1, retries=1)
def slow_at_first(mark: str) -> str:
    note(mark)
    if len(Path(mark).read_text().splitlines()) == 1:
        stand()
    return "in time"


@queue.task(soft_timeout=0.1)
def spin() -> None:
    while True:
        pass


@queue.task(soft_timeout=0.1)
def clean_up(mark: str) -> str:
    try:
        time.sleep(600)
    except SoftTimeout:
        note(mark)
    return "half done"


@queue.task(bind=True, soft_timeout=0.1)
def chatter(self: TaskContext) -> None:
    """Says so much that the alarm comes while it speaks."""
    for number in itertools.count():
        self.update_state(meta={"current": number, "words": "x" * 10_000})


@queue.task(soft_timeout=0.1)
def disturb_the_alarm(mark: str) -> None:
    """Takes the handler away and leaves an alarm behind."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, lambda *_: note(mark))
    signal.setitimer(signal.ITIMER_REAL, 60)


@queue.task(soft_timeout=60, timeout=120)
def quick(a: int) -> int:
    return a


# -- at most once ------------------------------------------------------------------------------


@queue.task(at_most_once=True)
def charge(mark: str, gate: str) -> str:
    note(mark)
    while not Path(gate).exists():
        threading.Event().wait(0.01)
    return "charged"


@queue.task(at_most_once=True, retries=2)
def charge_or_try_again(mark: str) -> str:
    note(mark)
    if len(Path(mark).read_text().splitlines()) == 1:
        raise ConnectionError("nothing was charged")
    return "charged"


# -- names and expiry --------------------------------------------------------------------------


@queue.task(name="options.moved", aliases=("old.place.moved", "older"))
def moved(self_said: str) -> str:
    return self_said


@queue.task(expires=0.05)
def fleeting(mark: str) -> None:
    note(mark)


@queue.task(expires=60, retries=1, backoff=0)
def fails_once(mark: str) -> str:
    note(mark)
    if len(Path(mark).read_text().splitlines()) == 1:
        raise ValueError("once")
    return "went well"
