"""What attempts said through ``logging``: one row for an attempt that said something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select

from taskrow.storage.tables import task_logs, tasks

if TYPE_CHECKING:
    from taskrow.storage.finish import Ending


@dataclass(frozen=True)
class AttemptLogs:
    """The newest records of one attempt, newest last, a line each."""

    attempt: int
    text: str


def keep_logs(connection: Connection, endings: Iterable[Ending]) -> None:
    """Keep them, in the transaction that ends the attempts; most of them said nothing."""
    rows = [
        {"task_seq": e.claim.seq, "attempt": e.claim.attempt, "text": e.logs}
        for e in endings
        if e.logs
    ]
    if rows:
        connection.execute(insert(task_logs), rows)


def attempt_logs(connection: Connection, task_id: str) -> list[AttemptLogs]:
    """The logs of a task, first attempt first."""
    rows = connection.execute(
        select(task_logs.c.attempt, task_logs.c.text)
        .join(tasks)
        .where(tasks.c.id == task_id)
        .order_by(task_logs.c.attempt)
    )
    return [AttemptLogs(row.attempt, row.text) for row in rows]
