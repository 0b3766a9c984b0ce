"""What has become of the tasks that somebody waits for: asked often, for many at once.

Their ids go in as one JSON text, so that one prepared statement serves, however many they are; and
only what is over comes out, so that a look at tasks that still run reads no more than their index.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Connection, text

from taskrow.domain.task import Task
from taskrow.storage.damage import despite_damage
from taskrow.storage.tables import tasks

_THESE = {
    "sqlite": "json_each(:ids) AS these",
    "postgresql": "json_array_elements_text(CAST(:ids AS json)) AS these(value)",
}
_ENDED = {
    dialect: text(
        f"SELECT these.value FROM {these} LEFT JOIN tasks ON tasks.id = these.value "  # noqa: S608
        "WHERE tasks.id IS NULL OR tasks.finished_at IS NOT NULL"
    )
    for dialect, these in _THESE.items()
}
_SEEN = (
    tasks.c.id, tasks.c.status, tasks.c.attempt, tasks.c.progress, tasks.c.cancel_requested_at,
    tasks.c.run_at, tasks.c.priority, tasks.c.queue,
)  # fmt: skip
_MARKS = {
    dialect: text(
        f"SELECT {', '.join(f'tasks.{column.name}' for column in _SEEN)} "  # noqa: S608
        f"FROM {these} JOIN tasks ON tasks.id = these.value"
    ).columns(*_SEEN)
    for dialect, these in _THESE.items()
}

Mark = tuple[object, ...]


def find_ended(connection: Connection, task_ids: Collection[str]) -> list[str]:
    """Which of these tasks are over, or gone."""
    return list(_ask(connection, _ENDED, task_ids).scalars()) if task_ids else []


def find_marks(connection: Connection, task_ids: Collection[str]) -> dict[str, Mark]:
    """What :func:`mark_of` would say of each of these tasks that is there."""

    @despite_damage
    def look(connection: Connection) -> dict[str, Mark]:
        return {row[0]: tuple(row) for row in _ask(connection, _MARKS, task_ids)}

    return look(connection) if task_ids else {}


def _ask(connection: Connection, question: Mapping[str, Any], task_ids: Collection[str]) -> Any:
    ids = json.dumps(list(task_ids))
    return connection.execute(question[connection.dialect.name], {"ids": ids})


def mark_of(task: Task) -> Mark:
    """By which one state of a row is told from the next, in the eyes of who watches it."""
    return tuple(getattr(task, column.name) for column in _SEEN)
