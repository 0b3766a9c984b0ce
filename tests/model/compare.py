"""How the tables are, and in what they differ from what they should be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, func, select, text

from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import task_attempts, task_counts, tasks
from taskrow.storage.types import UtcTime, as_time
from tests.model.oracle import Model
from tests.model.rows import Row

COLUMNS = [one.name for one in fields(Row) if one.name in tasks.c and one.name != "seq"]
_values_of = attrgetter(*COLUMNS)
_TIMES = [at for at, name in enumerate(COLUMNS) if isinstance(tasks.c[name].type, UtcTime)]
_RUN_AT, _ERROR = COLUMNS.index("run_at"), COLUMNS.index("error")

_TASKS = Prepared(select(tasks.c.seq, *(tasks.c[name] for name in COLUMNS)).order_by(tasks.c.seq))
_ATTEMPTS = Prepared(
    select(
        task_attempts.c.task_seq,
        task_attempts.c.attempt,
        task_attempts.c.outcome,
        task_attempts.c.worker,
    )
)
_EFFECTS = Prepared(text("SELECT task, attempt FROM effects"))
_COUNTS = Prepared(
    select(task_counts.c.status, func.sum(task_counts.c.n)).group_by(task_counts.c.status)
)


def differences(connection: Connection, model: Model) -> list[str]:
    """How the tables differ from what they should be; learns the numbers of new rows."""
    rows = model.rows
    found = [list(values) for values in _TASKS.fetch(connection, ())]
    ids = [values[1] for values in found]
    if ids != list(rows):
        return [f"there should be {list(rows)}, and there are {ids}"]
    wrongs: list[str] = []
    for (seq, *values), row in zip(found, rows.values(), strict=True):
        if row.seq != seq:
            wrongs += _number(row, seq, model)
        _read(values)
        _take_in_luck(row, values[_RUN_AT])
        if tuple(values) != _values_of(row):
            wrongs += _in_words(row, values)
    return [*wrongs, *_other_differences(connection, model)]


def _number(row: Row, seq: int, model: Model) -> list[str]:
    """Learn the number of a new row, which no other row ever had."""
    is_fresh = row.seq == 0 and seq > model.last_number
    row.seq = model.last_number = seq
    return [] if is_fresh else [f"{row.id} has the number {seq}, which was used before"]


def _read(values: list[Any]) -> None:
    """Times as times, and of an error its type alone."""
    for at in _TIMES:
        if values[at] is not None:
            values[at] = as_time(values[at])
    if values[_ERROR] is not None:
        values[_ERROR] = _type_of(values[_ERROR])


@lru_cache
def _type_of(error: str) -> str:
    return str(json.loads(error)["type"])


def _take_in_luck(row: Row, run_at: datetime) -> None:
    """A delay with jitter is as it is, if it can be so."""
    if row.run_at <= run_at <= row.run_at + row.jitter:
        row.run_at = run_at
    row.jitter = timedelta(0)


def _in_words(row: Row, values: list[Any]) -> Iterator[str]:
    for name, is_, should in zip(COLUMNS, values, _values_of(row), strict=True):
        if is_ != should:
            yield f"{name} of {row.id} should be {should}, and is {is_}"


def _other_differences(connection: Connection, model: Model) -> Iterator[str]:
    ended = {
        (row.seq, attempt, *how)
        for row in model.rows.values()
        for attempt, how in row.ended.items()
    }
    found = {tuple(values) for values in _ATTEMPTS.fetch(connection, ())}
    if found != ended:
        yield f"task_attempts should be {sorted(ended)}, and is {sorted(found)}"
    totals = {status: int(n) for status, n in _COUNTS.fetch(connection, ())}
    if totals != model.counts:
        yield f"task_counts should be {dict(model.counts)}, and is {totals}"
    effects = [tuple(values) for values in _EFFECTS.fetch(connection, ())]
    if effects != model.effects:
        yield f"the effects should be {model.effects}, and are {effects}"
