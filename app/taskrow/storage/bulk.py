"""Write many tasks at once: one insert statement, the rows as tuples that were made once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from taskrow.storage.submit import WORK, NewTask, ring, row_of, submit
from taskrow.storage.tables import tasks

_MARKS = {"qmark": "?", "format": "%s", "pyformat": "%s"}

# A pattern (a task whose id and arguments do not count), the id, the arguments as JSON text.
PlainRow = tuple[NewTask, str, str]


def submit_all(
    connection: Connection, rows: Sequence[PlainRow | NewTask], *, now: datetime
) -> list[str]:
    """Write tasks, in this order; returns their ids. Plain rows have no keys (storage/submit.py).

    A NewTask may have one: then its id may be that of the task that holds it.
    """
    ids: list[str] = []
    plain: list[PlainRow] = []
    for row in rows:
        if isinstance(row, NewTask):
            ids += _insert(connection, plain, now)
            plain = []
            ids.append(submit(connection, row, now=now))
        else:
            plain.append(row)
    ids += _insert(connection, plain, now)
    ring(connection, WORK)
    return ids


def _insert(connection: Connection, rows: list[PlainRow], now: datetime) -> list[str]:
    if not rows:
        return []
    tails: dict[int, tuple[Any, ...]] = {}
    values = []
    for pattern, task_id, args in rows:
        tail = tails.get(id(pattern)) or tails.setdefault(
            id(pattern), _tail(connection, pattern, now)
        )
        values.append((task_id, args, *tail))
    connection.exec_driver_sql(_statement(connection, rows[0][0], now), values)
    return [task_id for _, task_id, _ in rows]


def _tail(connection: Connection, pattern: NewTask, now: datetime) -> tuple[Any, ...]:
    """What all rows of a pattern have in common, as the driver takes it."""
    return tuple(_bound(connection, name, value) for name, value in _common(pattern, now).items())


def _bound(connection: Connection, name: str, value: Any) -> Any:
    process = tasks.c[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
    return value if process is None else process(value)


def _common(pattern: NewTask, now: datetime) -> dict[str, Any]:
    return {
        name: value for name, value in row_of(pattern, now).items() if name not in ("id", "args")
    }


def _statement(connection: Connection, pattern: NewTask, now: datetime) -> str:
    names = ["id", "args", *_common(pattern, now)]
    mark = _MARKS[connection.dialect.paramstyle]
    return (
        f"INSERT INTO tasks ({', '.join(names)}) "  # noqa: S608 - names of columns, no values
        f"VALUES ({', '.join(mark for _ in names)})"
    )
