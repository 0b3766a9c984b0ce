"""Delete one finished task before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taskrow.errors import TransitionError
from taskrow.storage import purge

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


def forget(engine: QueueEngine, task_id: str) -> None:
    """Delete the row of a finished task. TransitionError when it is not over."""
    if engine.database.write(lambda connection: purge.forget(connection, task_id)):
        return
    task = engine.find(task_id)
    if task is not None:
        raise TransitionError(
            f"task {task_id} is {task.status}: only a finished task is forgotten; cancel it first"
        )
