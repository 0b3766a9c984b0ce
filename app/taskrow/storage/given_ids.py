"""Ids that callers made before: each is used once, and a batch knows it before its first row."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from taskrow.domain.task import LIVE
from taskrow.errors import TaskExistsError
from taskrow.storage.submit import NewTask
from taskrow.storage.tables import tasks

_AT_ONCE = 500  # ids in one statement, as of storage/queries.py


def check_ids(connection: Connection, given: Sequence[NewTask]) -> None:
    """TaskExistsError when a task of the table, or an earlier one of these, has the id of one.

    But for the one that holds its unique key, too: then it is that task, and nothing is written.
    """
    there = _keys_there(connection, [task.id for task in given])
    seen = dict(there)
    for task in given:
        if task.id in seen and (task.unique_key is None or seen[task.id] != task.unique_key):
            if task.id in there:
                raise id_is_taken(task.id)
            raise TaskExistsError(f"two of the calls have the id {task.id}: an id is used once")
        seen[task.id] = task.unique_key


def id_is_taken(task_id: str) -> TaskExistsError:
    """What a second task of one id is answered with."""
    return TaskExistsError(f"there is a task {task_id} already: an id is used once")


def is_about_id(error: IntegrityError) -> bool:
    """Whether a row was refused because another one has its id."""
    rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None)  # of PostgreSQL
    return rule == "tasks_id_key" or "tasks.id" in str(error.orig)


def _keys_there(connection: Connection, ids: Sequence[str]) -> dict[str, str | None]:
    """The unique keys that the tasks of these ids hold, by id."""
    found: dict[str, str | None] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = select(tasks.c.id, tasks.c.unique_key, tasks.c.status).where(
            tasks.c.id.in_(ids[start : start + _AT_ONCE])
        )
        for row in connection.execute(some):
            found[row.id] = row.unique_key if row.status in LIVE else None
    return found
