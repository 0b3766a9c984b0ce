"""Submit to a queue without an application, and read how its rows end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from taskrow import TaskFunction
from taskrow.domain.payload import encode_arguments
from taskrow.domain.task import Task
from taskrow.engine.queue import QueueEngine
from tests.support.processes import eventually


def submit(engine: QueueEngine, function: TaskFunction[..., Any], *args: Any) -> str:
    """Submit a call with the function's own options."""
    return engine.submit(function.name, encode_arguments(args, {}, limit=10_000), function.options)


def final(engine: QueueEngine, task_id: str) -> Task:
    """The row of a task, when it is over."""
    eventually(lambda: engine.get(task_id).status.final)
    return engine.get(task_id)


def error_of(task: Task) -> tuple[str, str]:
    """The type and the sentence of what went wrong."""
    error = json.loads(task.error or "{}")
    return error["type"], error["message"]


def runs(mark: Path) -> int:
    """How often a function that notes each run was run."""
    return len(mark.read_text().splitlines()) if mark.exists() else 0
