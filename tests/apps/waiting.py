"""Tasks that wait for others, and tasks that can be stopped."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from flask import Flask

from taskrow import TaskContext, TaskQueue
from tests.apps.basic import rest

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


@queue.task
def add(a: int, b: int) -> int:
    return a + b


@queue.task
def chain(depth: int) -> int:
    """Waits for a child that waits for a child ..."""
    return 0 if depth == 0 else 1 + int(chain.delay(depth - 1).get(60))


@queue.task
def by_future(a: int) -> list[int]:
    """Waits in the executor's ways."""
    first = queue.executor.submit(add, a, 1).result(60)
    return [first, *queue.executor.map(add, [a, a], [2, 3], timeout=60)]


@queue.task
def one_by_one(number: int) -> int:
    """Waits for several children, one after the other."""
    return sum(int(add.delay(i, 1).get(60)) for i in range(number))


@queue.task(timeout=1.5)
def wait_for_ever(gate: str) -> Any:
    return stand.delay("", gate).get()


@queue.task
def give_up(gate: str) -> str:
    try:
        stand.delay("", gate).get(0.2)
    except TimeoutError:
        return "gave up"
    return "never"


@queue.task
def stand(mark: str, gate: str) -> str:
    """Tells its process id in ``mark``, then waits until ``gate`` is there."""
    if mark:
        with Path(mark).open("a") as file:
            file.write(f"{os.getpid()}\n")
    while not Path(gate).exists():
        rest(0.01)
    return "through"


@queue.task(bind=True)
def look(self: TaskContext, mark: str) -> str:
    """Ends by itself when somebody asks for it."""
    Path(mark).touch()
    while not self.cancelled():
        rest(0.01)
    return "heard it"


@queue.task
def deaf(mark: str) -> None:
    """Is in a call that hears nothing."""
    Path(mark).write_text(str(os.getpid()))
    subprocess.run([sys.executable, "-c", "import time; time.sleep(60)"], check=True)
