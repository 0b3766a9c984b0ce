"""Whether the JSON texts in the rows can be read: a task whose text cannot be is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, Table, and_, func, or_, select

from taskrow.storage.invariants import Finding
from taskrow.storage.tables import schedules, task_attempts, task_requests, tasks

_AT_ONCE = 2000  # seqs

_OF_TASKS: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (tasks, ("args", "progress", "result", "error")),
    (task_attempts, ("error",)),
    (task_requests, ("request", "response_headers")),
)


def unreadable(connection: Connection) -> Iterator[Finding]:
    """The columns that hold JSON, and where one does not."""
    for table, names in _OF_TASKS:
        columns = [table.c[name] for name in names]
        places = list(_broken(connection, table, columns))
        yield Finding.of(
            f"{table.name} JSON", f"{', '.join(names)} of {table.name} are JSON", places
        )
    rows = connection.execute(select(schedules.c.name, schedules.c.args)).all()
    yield Finding.of(
        "schedules JSON",
        "args of schedules are JSON",
        [row.name for row in rows if not _is_json(row.args)],
    )


def _broken(connection: Connection, table: Table, columns: list[Column[str]]) -> Iterator[str]:
    seq = tasks.c.seq if table is tasks else table.c.task_seq
    query = select(seq, *columns)
    if connection.dialect.name == "sqlite":  # which can tell most that are well by itself
        doubtful = [and_(column.is_not(None), func.json_valid(column) == 0) for column in columns]
        yield from _judge(connection.execute(query.where(or_(*doubtful))).all())
        return
    first, last = connection.execute(select(func.min(seq), func.max(seq))).one()
    for start in range(first or 0, (last or -1) + 1, _AT_ONCE):
        some = query.where(seq >= start, seq < start + _AT_ONCE)
        yield from _judge(connection.execute(some).all())


def _judge(rows: Sequence[Row[Any]]) -> Iterator[str]:
    for row in rows:
        texts: tuple[Any, ...] = tuple(row)[1:]
        if not all(text is None or _is_json(text) for text in texts):
            yield f"seq {row[0]}"


def _is_json(text: object) -> bool:
    try:
        json.loads(str(text))
    except (ValueError, RecursionError):
        return False
    return True
