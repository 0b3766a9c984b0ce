"""An application that opens all of ``/tasks``: whose a request is, it says in a header.

Its settings come from the environment (FLASK_TASKROW_...) or from the caller.
"""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any, Literal

from flask import Flask, Request, abort, request

from taskrow import TaskContext, TaskQueue

queue = TaskQueue()


@queue.owner
def owner(request: Request) -> str | None:
    return request.headers.get("X-Owner")


@queue.access
def access(request: Request, verb: str) -> Literal["all"] | bool:
    """An admin reaches everything, a guest nothing, everybody else what is their own.

    A developer sees what tasks log, but for what others submitted; others do not.
    """
    who = request.headers.get("X-Owner")
    if who == "admin":
        return "all"
    return who == "developer" if verb == "logs" else who != "guest"


@queue.task(http=True, name="add")
def add(a: int, b: int = 0) -> int:
    return a + b


@queue.task(http=True, name="echo")
def echo(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": args, "kwargs": kwargs}


@queue.task(http=True, name="fail")
def fail(words: str = "no") -> None:
    raise ValueError(words)


@queue.task(http=True, name="talk", bind=True, retries=20, backoff=0)
def talk(self: TaskContext, words: str, attempts: int = 1) -> None:
    """Logs in each of so many attempts."""
    logging.getLogger("rest").warning("%s %d", words, self.request.attempt)
    if self.request.attempt < attempts:
        raise ConnectionError(words)


@queue.task(http=True, name="stand", bind=True)
def stand(self: TaskContext, gate: str) -> str:
    """Says one thing and runs until the gate is there, or it is asked to stop."""
    current = 0
    while not Path(gate).exists():
        current += Path(f"{gate}.{current + 1}").exists()  # goes on when it is told to
        self.update_state(meta={"current": current, "total": 10})
        threading.Event().wait(0.01)
    return "through"


@queue.task(name="private")
def private() -> None:
    """Nobody can submit it over HTTP."""


def create_app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    queue.init_app(app)

    @app.route("/later/<kind>", methods=["GET", "POST"])
    @queue.async_api(coalesce=True)
    def later(kind: str) -> Any:
        if kind == "conflict":
            abort(409, "somebody was here first")
        if kind == "accepted":
            return "my own 202", 202
        if kind == "boom":
            raise RuntimeError("no page")
        said = {"kind": kind, "body": request.get_data(as_text=True)}
        return said, 201, {"X-Made": kind}

    return app
