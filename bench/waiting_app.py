"""The application whose answers 200 clients wait for; its views run in a worker."""

from __future__ import annotations

import threading
from pathlib import Path

from flask import Flask

from taskrow import TaskQueue

app = Flask("bench")
app.config.from_prefixed_env()
queue = TaskQueue(app)


@app.post("/piece/<int:milliseconds>")
@queue.async_api
def piece(milliseconds: int) -> str:
    """Stand at the gate, a file; once it is open, work for so long."""
    while not Path(app.config["GATE"]).exists():
        threading.Event().wait(0.005)
    threading.Event().wait(milliseconds / 1000)
    return "done"


@queue.task(queue="elsewhere")
def noise() -> None:
    """Written to keep the database busy; no worker runs it."""
