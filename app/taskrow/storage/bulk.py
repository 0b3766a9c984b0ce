"""Write many tasks at once: one insert statement, the rows as tuples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from taskrow.storage.prepared import Prepared
from taskrow.storage.submit import PLAIN_COLUMNS, WORK, NewTask, plain_row_of, ring, submit
from taskrow.storage.tables import tasks

_INSERT = Prepared(insert(tasks), *PLAIN_COLUMNS)


def submit_all(connection: Connection, rows: Sequence[NewTask], *, now: datetime) -> list[str]:
    """Write tasks, in this order; returns their ids.

    Where a task has a key (storage/submit.py), its id may be that of the task that holds it.
    """
    ids: list[str] = []
    plain: list[tuple[Any, ...]] = []
    for task in rows:
        if task.unique_key is None and task.idempotency_key is None:
            plain.append(plain_row_of(task, now))
            ids.append(task.id)
        else:
            _INSERT.run_all(connection, plain)
            plain.clear()
            ids.append(submit(connection, task, now=now))
    _INSERT.run_all(connection, plain)
    ring(connection, WORK)
    return ids
