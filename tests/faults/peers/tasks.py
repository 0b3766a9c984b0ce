"""The task functions of the portable cases: plain ones, which know no library.

``mark`` is a file that gets a line for each run; what waits goes on when its ``gate`` is made.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIMIT = 2  # seconds that the tasks of LIMITED may take


def note(mark: str) -> int:
    """Notes the process that runs it; the number of this run."""
    path = Path(mark)
    with path.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return len(path.read_text().splitlines())


def note_and_wait(mark: str, gate: str) -> int:
    run = note(mark)
    while not Path(gate).exists():
        time.sleep(0.02)
    return run


def note_and_sleep(mark: str, seconds: float) -> int:
    run = note(mark)
    time.sleep(seconds)
    return run


def add(one: int, other: int) -> int:
    return one + other


def end_process(mark: str, how: str) -> int:
    """Ends the process that runs it: by ``os._exit``, or by the signal of that name."""
    note(mark)
    if how == "exit":
        os._exit(0)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(60)  # it may hit another thread first
    return 0


def loop_for_ever(mark: str) -> int:
    note(mark)
    while True:
        pass


def block_for_ever(mark: str) -> int:
    """A call into C that never comes back, holds the interpreter and minds no signal."""
    note(mark)
    hold_interpreter(None)
    return 0


def hold(mark: str, seconds: float) -> int:
    """One call into C that lets nobody else run for so long."""
    run = note(mark)
    hold_interpreter(seconds)
    return run


def hold_interpreter(seconds: float | None) -> None:
    """Waits for a mutex that this thread has already; nothing is computed meanwhile."""
    library = ctypes.PyDLL(None)  # a PyDLL keeps the interpreter's lock
    mutex = ctypes.create_string_buffer(64)  # all zeros is a fresh mutex
    library.pthread_mutex_lock(mutex)
    if seconds is None:
        library.pthread_mutex_lock(mutex)
        return
    until = time.time() + seconds
    moment = (ctypes.c_long * 2)(int(until), int(until % 1 * 10**9))
    library.pthread_mutex_timedlock(mutex, moment)


def give_lock(mark: str) -> Any:
    """Returns what neither JSON nor pickle takes."""
    note(mark)
    return threading.Lock()


def recurse(mark: str) -> int:
    note(mark)

    def deeper() -> int:
        return deeper() + 1

    return deeper()


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def raise_unprintable(mark: str) -> int:
    note(mark)
    raise Unprintable


def leave(mark: str) -> int:
    note(mark)
    sys.exit(3)


FUNCTIONS: tuple[Callable[..., Any], ...] = (
    note, note_and_wait, note_and_sleep, add, end_process, loop_for_ever, block_for_ever, hold,
    give_lock, recurse, raise_unprintable, leave,
)  # fmt: skip
LIMITED = (loop_for_ever, block_for_ever)
