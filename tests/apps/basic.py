"""Task functions of every temper. Its settings come from the environment (FLASK_TASKROW_...)."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from flask import Flask, abort, jsonify, request

from taskrow import TaskContext, TaskQueue

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


def rest(seconds: float) -> None:
    """Take time, as real work does."""
    threading.Event().wait(seconds)


@queue.task
def add(a: int, b: int) -> int:
    return a + b


@queue.task
def echo(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": args, "kwargs": kwargs}


@queue.task
def boom(message: str = "boom") -> None:
    raise ValueError(message)


@queue.task
def slow(seconds: float) -> str:
    rest(seconds)
    return "rested"


@queue.task(bind=True, retries=2)
def flaky(self: TaskContext, fail_times: int) -> dict[str, int]:
    """Fails so often, then tells which attempt went well."""
    if self.request.retries < fail_times:
        raise RuntimeError(f"try {self.request.retries}")
    return {"attempt": self.request.attempt, "retries": self.request.retries}


@queue.task(bind=True)
def count(self: TaskContext, total: int, pause: float = 0.0) -> dict[str, Any]:
    """Counts to ``total`` and says so at each step."""
    for current in range(total):
        self.update_state(meta={"current": current, "total": total, "status": f"step {current}"})
        rest(pause)
    return {"current": total, "total": total, "status": "Task completed!", "result": 42}


@queue.task
def write_and_wait(mark: str, gate: str) -> str:
    """Appends a line to ``mark``, then waits until the file ``gate`` is there."""
    with Path(mark).open("a") as file:
        file.write(f"{os.getpid()}\n")
    while not Path(gate).exists():
        rest(0.01)
    return "through"


@queue.task
def unjson() -> object:
    return object()


@queue.task(crash_limit=1)
def die(how: str) -> None:
    """Takes its process down."""
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGSEGV)


@app.route("/report/<int:year>", methods=["GET", "POST"])
@queue.async_api
def report(year: int) -> Any:
    if year == 404:
        abort(404)
    if year == 500:
        raise RuntimeError("no report")
    rest(float(request.args.get("rest", 0)))
    said = {"year": year, "query": request.args, "body": request.get_data(as_text=True)}
    return jsonify(said), 201, {"X-Report": "yes"}
