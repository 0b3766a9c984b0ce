"""Running totals of ended tasks by day, written in the transaction that ends them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, func, select

from taskrow.domain.task import Status
from taskrow.domain.times import to_text
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import task_counts

_HISTORY = timedelta(days=1)

Ended = tuple[str, str, Status, int]  # queue, name, status, how many milliseconds it ran

_INSERTS = {"sqlite": insert_sqlite, "postgresql": insert_postgresql}
_COLUMNS = ("day", "queue", "name", "status", "n", "ran_ms")


@cache
def _add_statement(dialect: str) -> Prepared:
    statement: Any = _INSERTS[dialect](task_counts)
    adding = statement.on_conflict_do_update(
        index_elements=_COLUMNS[:4],
        set_={
            "n": task_counts.c.n + statement.excluded.n,
            "ran_ms": task_counts.c.ran_ms + statement.excluded.ran_ms,
        },
    )
    return Prepared(adding, *_COLUMNS)


def add_counts(connection: Connection, ended: Iterable[Ended], now: datetime) -> None:
    """Count tasks that end now: one small write a kind."""
    sums: dict[tuple[str, str, Status], list[int]] = defaultdict(lambda: [0, 0])
    for queue, name, status, ms in ended:
        total = sums[queue, name, status]
        total[0] += 1
        total[1] += ms
    if sums:
        day = to_text(now)[:10]
        rows = [(day, *kind, n, ms) for kind, (n, ms) in sorted(sums.items())]
        _add_statement(connection.dialect.name).run_all(connection, rows)


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
