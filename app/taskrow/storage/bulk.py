"""Write many tasks at once: fifty in a statement, which takes half the time of as many inserts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain

from sqlalchemy import Connection, bindparam, insert

from taskrow.storage.prepared import Prepared
from taskrow.storage.submit import (
    PLAIN_COLUMNS,
    WORK,
    NewTask,
    PlainRow,
    ring,
    submit,
)
from taskrow.storage.tables import tasks

_TOGETHER = 50


def _insert_of(count: int) -> Prepared:
    """The statement that inserts so many rows; it takes their values one row after the other."""
    named = [{name: f"{name}_{place}" for name in PLAIN_COLUMNS} for place in range(count)]
    rows = [
        {name: bindparam(own, type_=tasks.c[name].type) for name, own in row.items()}
        for row in named
    ]
    return Prepared(insert(tasks).values(rows), *chain.from_iterable(row.values() for row in named))


_INSERT, _INSERT_TOGETHER = Prepared(insert(tasks), *PLAIN_COLUMNS), _insert_of(_TOGETHER)


def submit_all(
    connection: Connection, rows: Sequence[PlainRow | NewTask], *, now: datetime
) -> list[str]:
    """Write tasks, in this order; returns their ids.

    Where a task has a key (storage/submit.py), its id may be that of the task that holds it.
    """
    ids: list[str] = []
    plain: list[PlainRow] = []
    for row in rows:
        if isinstance(row, NewTask):
            _insert(connection, plain)
            plain.clear()
            ids.append(submit(connection, row, now=now))
        else:
            plain.append(row)
            ids.append(row[0])
    _insert(connection, plain)
    ring(connection, WORK)
    return ids


def _insert(connection: Connection, rows: Sequence[PlainRow]) -> None:
    rest = len(rows) % _TOGETHER
    for start in range(0, len(rows) - rest, _TOGETHER):
        some = rows[start : start + _TOGETHER]
        _INSERT_TOGETHER.change(connection, tuple(chain.from_iterable(some)))
    _INSERT.run_all(connection, rows[len(rows) - rest :])
