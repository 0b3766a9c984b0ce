"""Tasks that do what no task should do to the process that runs it."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from taskrow import TaskContext, TaskQueue

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@queue.task
def look() -> dict[str, Any]:
    """How the process stands that a task comes into."""
    print("a word on the terminal", flush=True)
    return {"pid": os.getpid(), "cwd": os.getcwd(), "stdout": sys.stdout is sys.__stdout__}


@queue.task
def change_folder(folder: str) -> None:
    os.chdir(folder)


@queue.task
def lose_folder(folder: str) -> None:
    os.chdir(folder)
    Path(folder).rmdir()


@queue.task
def replace_streams() -> None:
    sys.stdout = sys.stderr = io.StringIO()
    sys.stdin = io.StringIO()


@queue.task
def close_streams() -> None:
    for file in (0, 1, 2):
        os.close(file)


@queue.task(bind=True)
def fork_and_come_back(self: TaskContext, mark: str) -> str:
    """Both processes come back from this function."""
    child = os.fork()
    with Path(mark).open("a") as file:
        file.write(f"{os.getpid()}\n")
    if child:
        os.waitpid(child, 0)
    return "parent" if child else "child"


@queue.task
def fork_and_raise() -> str:
    child = os.fork()
    if not child:
        raise ValueError("in the child")
    os.waitpid(child, 0)
    return "parent"


@queue.task(crash_limit=1)
def close_files() -> None:
    os.closerange(3, 1000)


@queue.task
def raise_it(kind: str) -> None:
    kinds = {
        "SystemExit": SystemExit(3),
        "KeyboardInterrupt": KeyboardInterrupt(),
        "GeneratorExit": GeneratorExit(),
        "Unprintable": Unprintable(),
    }
    raise kinds[kind]


@queue.task
def length(text: str) -> int:
    return len(text)
