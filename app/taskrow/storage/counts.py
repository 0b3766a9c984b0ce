"""Running totals of ended tasks by day, written in the transaction that ends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from taskrow.domain.task import Status
from taskrow.domain.times import to_text
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.tables import task_counts

_HISTORY = timedelta(days=1)

Ended = tuple[str, str, Status, int]  # queue, name, status, how many milliseconds it ran


def add_counts(connection: Connection, ended: Iterable[Ended], now: datetime) -> None:
    """Count tasks that end now: one small write a kind."""
    sums: dict[tuple[str, str, Status], list[int]] = defaultdict(lambda: [0, 0])
    for queue, name, status, ms in ended:
        total = sums[queue, name, status]
        total[0] += 1
        total[1] += ms
    if not sums:
        return
    day = to_text(now)[:10]
    rows = [
        {"day": day, "queue": queue, "name": name, "status": status, "n": n, "ran_ms": ms}
        for (queue, name, status), (n, ms) in sorted(sums.items())
    ]
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    statement = insert(task_counts)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "queue", "name", "status"],
            set_={
                "n": task_counts.c.n + statement.excluded.n,
                "ran_ms": task_counts.c.ran_ms + statement.excluded.ran_ms,
            },
        ),
        rows,
    )


def usual_seconds(connection: Connection, name: str, *, now: datetime) -> float | None:
    """How long tasks of this name have run on average, today and yesterday; None: never yet."""
    n, ms = connection.execute(
        select(func.sum(task_counts.c.n), func.sum(task_counts.c.ran_ms)).where(
            task_counts.c.day >= to_text(now - _HISTORY)[:10],
            task_counts.c.name == name,
            task_counts.c.status == Status.SUCCEEDED,
        )
    ).one()
    return None if not n else float(ms) / 1000 / float(n)
