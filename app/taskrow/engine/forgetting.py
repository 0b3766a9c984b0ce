"""Delete one finished task before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from taskrow.errors import TransitionError
from taskrow.storage import purge

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


def forget(engine: QueueEngine, task_id: str) -> None:
    """Delete the row of a finished task. TransitionError when it is not over, or must stay."""
    try:
        if engine.database.write(lambda connection: purge.forget(connection, task_id)):
            return
    except IntegrityError:
        raise TransitionError(
            f"task {task_id} cannot be deleted: a table of yours refers to it, by a foreign key "
            "that is neither ON DELETE CASCADE nor ON DELETE SET NULL"
        ) from None
    task = engine.find(task_id)
    if task is not None:
        raise TransitionError(
            f"task {task_id} is {task.status}: only a finished task is forgotten; cancel it first"
        )
