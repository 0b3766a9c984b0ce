"""What people change of a task from outside: cancel it, queue it once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from taskrow.domain.task import LIVE, Status
from taskrow.errors import KeyHeldError, TransitionError
from taskrow.storage import upkeep
from taskrow.storage.credentials import refuse_without_credentials

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine


def cancel(engine: QueueEngine, task_id: str, *, ask_running: bool, terminate: bool) -> Status:
    """As :meth:`QueueEngine.cancel`."""
    task, now = engine.get(task_id), engine.clock()
    purge_at = engine.purge_at(task.name, Status.CANCELLED, now)
    found = engine.database.write(
        lambda connection: upkeep.cancel(
            connection,
            task_id,
            now=now,
            purge_at=purge_at,
            ask_running=ask_running,
            terminate=terminate,
        )
    )
    if found is None or found not in LIVE or (found is Status.RUNNING and not ask_running):
        raise TransitionError(f"task {task_id} is {found or 'purged'}: too late to cancel")
    return found


def retry(engine: QueueEngine, task_id: str) -> None:
    """As :meth:`QueueEngine.retry`."""
    task, now = engine.get(task_id), engine.clock()

    def write(connection: Connection) -> bool:
        retried = upkeep.retry_by_hand(connection, task_id, now=now)
        if retried:
            refuse_without_credentials(connection, task_id)
        return retried

    try:
        retried = engine.database.write(write)
    except IntegrityError:
        raise KeyHeldError(
            f"task {task_id} is unique, and another one that is not over holds its key"
        ) from None
    if not retried:
        raise TransitionError(f"task {task_id} is {task.status}: only a finished task is retried")
