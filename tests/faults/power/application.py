"""The application whose power is cut: a view, plain tasks, failing ones, tasks with an effect.

TASKROW_MUTANT names a flaw to put into it (mutants.py).
"""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.orm import Session

from taskrow import TaskContext, TaskQueue
from taskrow.storage import checkpoints
from tests.faults.power import mutants

app = Flask(__name__)
app.config.from_prefixed_env()
app.config["SECRET_KEY"] = "the power goes"
queue = TaskQueue(app)

# A log of eight megabytes would never be folded while we look.
checkpoints.__dict__["_CHECKPOINT_BYTES"] = 128 * 1024


@app.post("/view")
@queue.async_api
def view() -> ResponseReturnValue:
    """Its answer is stored, bytes and all."""
    return b"\0answer\xff" * 20, 201, {"X-Kept": "yes"}


@queue.task(http=True)
def add(one: int, other: int) -> int:
    """Succeeds."""
    return one + other


@queue.task(http=True, bind=True, retries=1, backoff=0.01)
def stumble(self: TaskContext) -> str:
    """Fails once, then succeeds."""
    if self.request.attempt == 1:
        raise ValueError("the first time")
    return "the second time"


@queue.task(http=True)
def fail() -> None:
    """Fails for good."""
    raise ValueError("always")


@queue.task(http=True, bind=True)
def step(self: TaskContext) -> str:
    """Says how far it is."""
    for number in range(3):
        self.update_state(meta={"current": number, "total": 3})
    return "there"


@queue.task(http=True, bind=True)
def effect(self: TaskContext) -> None:
    """Writes a row together with its success."""

    def note(session: Session) -> None:
        session.execute(text("INSERT INTO effects VALUES (:task)"), {"task": self.request.id})

    self.commit(note, result="with effect")


@queue.access
def may(*_: Any) -> bool:
    """Everybody may submit by name here."""
    return True


mutants.apply(os.environ.get("TASKROW_MUTANT"))
