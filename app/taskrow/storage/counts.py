"""Running totals of ended tasks by day, written in the transaction that ends them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from taskrow.domain.task import Status
from taskrow.domain.times import to_text
from taskrow.storage.tables import task_counts


def add_counts(
    connection: Connection, ended: Iterable[tuple[str, str, Status]], now: datetime
) -> None:
    """Count tasks that end now, given as (queue, name, status): one small write a kind."""
    day = to_text(now)[:10]
    rows = [
        {"day": day, "queue": queue, "name": name, "status": status, "n": n}
        for (queue, name, status), n in sorted(Counter(ended).items())
    ]
    if not rows:
        return
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    statement = insert(task_counts)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "queue", "name", "status"],
            set_={"n": task_counts.c.n + statement.excluded.n},
        ),
        rows,
    )
