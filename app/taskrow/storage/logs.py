"""What attempts said through ``logging``: one row for an attempt that said something."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select

from taskrow.storage.tables import task_logs, tasks

if TYPE_CHECKING:
    from taskrow.storage.claims import Claim
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


def keep_late_logs(connection: Connection, late: Sequence[tuple[Claim, str]]) -> None:
    """Keep what attempts said that had ended before, instead of what is kept of them.

    Nothing of an attempt whose row is gone, or runs once more.
    """
    for claim, text in late:
        ended = select(tasks.c.seq).where(
            tasks.c.seq == claim.seq,
            tasks.c.attempt == claim.attempt,
            tasks.c.worker == claim.worker,
        )
        if connection.execute(ended.with_for_update()).scalar() is None:
            continue
        mine = task_logs.c.task_seq == claim.seq, task_logs.c.attempt == claim.attempt
        connection.execute(delete(task_logs).where(*mine))
        keep = {"task_seq": claim.seq, "attempt": claim.attempt, "text": text}
        connection.execute(insert(task_logs), keep)


def attempt_logs(
    connection: Connection, task_id: str, *, newest: int | None = None
) -> list[AttemptLogs]:
    """The logs of a task, first attempt first; of so many of its newest attempts, or of all."""
    rows = connection.execute(
        select(task_logs.c.attempt, task_logs.c.text)
        .join(tasks)
        .where(tasks.c.id == task_id)
        .order_by(task_logs.c.attempt.desc())
        .limit(newest)
    )
    return [AttemptLogs(row.attempt, row.text) for row in rows][::-1]
