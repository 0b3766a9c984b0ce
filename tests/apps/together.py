"""Task functions that run in threads beside others and wait, commit or change their process."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from taskrow import TaskContext, TaskQueue
from tests.apps.options import note
from tests.apps.runtime import wait_for

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)
log = logging.getLogger("shop")


@queue.task
def chain(depth: int) -> int:
    """Waits for a child that waits for a child ..."""
    return 0 if depth == 0 else 1 + int(chain.delay(depth - 1).get(60))


@queue.task
def process() -> int:
    return os.getpid()


@queue.task
def with_child() -> list[int]:
    """The processes of a task and of its child."""
    return [os.getpid(), int(process.delay().get(60))]


@queue.task
def stand(mark: str, gate: str) -> int:
    note(mark)
    wait_for(gate)
    return os.getpid()


@queue.task(at_most_once=True)
def stand_once(mark: str, gate: str) -> None:
    note(mark)
    wait_for(gate)


@queue.task(bind=True)
def commit(self: TaskContext, mark: str = "", gate: str = "", *, dies: bool = False) -> None:
    """Logs before its commit, in it, and after it, when the gate is open."""

    def work(_: Session) -> None:
        log.info("in the commit")

    log.info("before the commit")
    self.commit(work, result=os.getpid())
    if dies:
        os._exit(3)
    if gate:
        note(mark)
        wait_for(gate)
        log.info("after the commit")


@queue.task
def change_process(folder: str) -> None:
    os.chdir(folder)
    sys.stdout = sys.stderr


@queue.task
def look() -> list[Any]:
    """How the process stands that a task comes into."""
    return [os.getcwd(), sys.stdout is sys.__stdout__, Path.cwd().exists()]
