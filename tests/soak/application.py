"""The application of the soak: short and long tasks, some of which crash, fail, or have effects."""

from __future__ import annotations

import os
import random
import time
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.orm import Session

from taskrow import TaskContext, TaskQueue
from tests.apps import marks

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)
TICK = 5  # seconds


def begin(self: TaskContext, due: str = "") -> dict[str, Any]:
    """Note that this attempt has begun; returns what to tell of it.

    The moment is of the machine's monotonic clock, which is the same in all its processes.
    """
    marks.begin(self, time.monotonic(), due)
    return {"attempt": self.request.attempt}


@queue.access
def may(*_: Any) -> bool:
    """It listens on loopback alone."""
    return True


@queue.task(bind=True, http=True, crash_limit=1000)
def work(self: TaskContext, most: float) -> dict[str, Any]:
    """Takes a moment, and says how far it is."""
    told = begin(self)
    for step in range(3):
        time.sleep(random.uniform(0, most / 3))
        self.update_state(meta={"current": step, "total": 3})
    return told


@queue.task(bind=True, http=True, crash_limit=1000)
def effect(self: TaskContext) -> None:
    """Writes a row of its own in the transaction of its success."""
    begin(self)
    time.sleep(random.uniform(0, 0.05))

    def note(session: Session) -> None:
        session.execute(text("INSERT INTO effects VALUES (:task)"), {"task": self.request.id})

    self.commit(note, result="with effect")


@queue.task(bind=True, http=True, crash_limit=1000)
def crash(self: TaskContext) -> dict[str, Any]:
    """Takes its process along the first time."""
    told = begin(self)
    if self.request.attempt == 1:
        os._exit(9)
    return told


@queue.task(bind=True, http=True, crash_limit=1000, retries=2, backoff=0.1)
def stumble(self: TaskContext) -> dict[str, Any]:
    """Fails the first time it can."""
    told = begin(self)
    if self.request.retries == 0:
        raise ValueError("the first time")
    return told


@queue.task(bind=True, every=TICK, crash_limit=1000)
def tick(self: TaskContext) -> None:
    """A schedule: each due time is one task, however many workers fire it and die."""
    due = self.request.due_at
    begin(self, "" if due is None else due.isoformat())
