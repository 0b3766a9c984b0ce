"""Schedules: their rows, and the transaction in which a due time fires exactly once.

A due time fires when its row could be moved on (so the worker that comes second finds nothing due)
and its place in ``schedule_fires`` was free (so it does not fire again after a clock was set back).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    RowMapping,
    bindparam,
    delete,
    exists,
    func,
    select,
    tuple_,
    update,
)

from taskrow.domain.schedule import Plan, Schedule, Source
from taskrow.storage.damage import despite_damage
from taskrow.storage.inserts import insert_postgresql, insert_sqlite
from taskrow.storage.prepared import Prepared
from taskrow.storage.submit import NewTask, submit
from taskrow.storage.tables import schedule_fires, schedules, tasks
from taskrow.storage.types import as_time

_ALL = select(schedules).order_by(schedules.c.name)
_NOT_OVER = select(tasks.c.seq).where(
    tasks.c.id == schedule_fires.c.task_id, tasks.c.finished_at.is_(None)
)
_DUE_TIME = (  # a due time comes before its task: so the index over due times leads to it
    select(schedule_fires.c.due_at)
    .join(tasks, tasks.c.id == schedule_fires.c.task_id)
    .where(tasks.c.id == bindparam("task_id"), schedule_fires.c.due_at <= tasks.c.created_at)
    .order_by(schedule_fires.c.due_at.desc())
    .limit(1)
)
_COMING = _ALL.where(schedules.c.next_at.is_not(None), schedules.c.next_at <= bindparam("until"))
_FIRST = Prepared(select(func.min(schedules.c.next_at)).where(schedules.c.next_at.is_not(None)))


@dataclass(frozen=True, kw_only=True)
class Fire:
    """A due time that is about to fire.

    next_at: the due time after it. due_at: None, it was missed and is skipped. task: None for what
    a worker does itself.
    """

    schedule: Schedule
    due_at: datetime | None
    next_at: datetime | None
    task: NewTask | None = None


def find_schedule(connection: Connection, name: str) -> Schedule | None:
    """The schedule of this name."""
    row = connection.execute(select(schedules).where(schedules.c.name == name)).mappings().first()
    return None if row is None else _schedule(row)


@despite_damage
def list_schedules(connection: Connection) -> list[Schedule]:
    """All schedules, by name."""
    return [_schedule(row) for row in connection.execute(_ALL).mappings()]


def coming_schedules(connection: Connection, until: datetime) -> list[Schedule]:
    """The schedules that are due up to a time, by name: all workers lock them in one order."""
    [(first,)] = _FIRST.fetch(connection, ())
    if first is None or as_time(first) > until:  # so it is nearly always, twice a second
        return []

    @despite_damage
    def look(connection: Connection) -> list[Schedule]:
        return [_schedule(row) for row in connection.execute(_COMING, {"until": until}).mappings()]

    return look(connection)


def add_schedule(
    connection: Connection,
    plan: Plan,
    *,
    source: Source,
    application: str,
    next_at: datetime | None,
    now: datetime,
) -> None:
    """Write a new schedule; nothing where another process was first."""
    facts = facts_of(plan, source, application)
    row = facts | {"name": plan.name, "next_at": next_at, "created_at": now}
    connection.execute(_insert_new(connection, schedules), row)


def facts_of(plan: Plan, source: Source, application: str) -> dict[str, Any]:
    """The columns that say what a schedule is, beside its name and how it stands."""
    return {
        "task_name": plan.task_name,
        "rule": plan.rule.text,
        "timezone": plan.rule.timezone,
        "missed": plan.missed,
        "args": plan.args,
        "source": source,
        "application": application,
    }


def change_schedule(connection: Connection, before: Schedule, **values: Any) -> bool:
    """Change a schedule, if its rule and its state are still what was seen; whether it did."""
    return bool(
        connection.execute(
            update(schedules)
            .where(
                schedules.c.name == before.name,
                schedules.c.rule == before.rule,
                schedules.c.timezone == before.timezone,
                _is_there(schedules.c.paused_at, before.paused_at),
                _is_there(schedules.c.disabled_reason, before.disabled_reason),
            )
            .values(**values)
        ).rowcount
    )


def pause_schedule(connection: Connection, name: str, *, now: datetime) -> bool:
    """Let nothing be due; False: it is paused already, or there is no such schedule."""
    return bool(
        connection.execute(
            update(schedules)
            .where(schedules.c.name == name, schedules.c.paused_at.is_(None))
            .values(paused_at=now, next_at=None)
        ).rowcount
    )


def remove_schedule(connection: Connection, name: str) -> bool:
    """Delete a schedule that was made at run time."""
    return bool(
        connection.execute(
            delete(schedules).where(schedules.c.name == name, schedules.c.source == "runtime")
        ).rowcount
    )


def fire(connection: Connection, one: Fire, *, now: datetime) -> bool:
    """Move a schedule on and submit its task, if nobody has done so; whether this one did."""
    schedule = one.schedule
    values = {"next_at": one.next_at} | ({"last_fired_at": now} if one.due_at else {})
    moved = connection.execute(
        update(schedules)
        .where(
            schedules.c.name == schedule.name,
            schedules.c.rule == schedule.rule,
            schedules.c.timezone == schedule.timezone,
            schedules.c.next_at <= now,
        )
        .values(**values)
    ).rowcount
    if not moved or one.due_at is None:
        return False
    if one.task is None:
        return True
    if not _take_place(connection, schedule.name, one.due_at, one.task.id):
        return False
    submit(connection, one.task, now=now)
    return True


def due_time_of(connection: Connection, task_id: str) -> datetime | None:
    """The due time that a task was submitted for; None where no schedule did."""
    return connection.execute(_DUE_TIME, {"task_id": task_id}).scalar()


def purge_fires(connection: Connection, *, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` due times that fired long ago; returns how many.

    Those of tasks that are not over stay: a task may ask for its own.
    """
    key = tuple_(schedule_fires.c.schedule, schedule_fires.c.due_at)
    picked = (
        select(schedule_fires.c.schedule, schedule_fires.c.due_at)
        .where(schedule_fires.c.due_at < before, ~exists(_NOT_OVER))
        .order_by(schedule_fires.c.due_at)
        .limit(limit)
    )
    return connection.execute(delete(schedule_fires).where(key.in_(picked))).rowcount


def _is_there(column: Column[Any], value: object) -> ColumnElement[bool]:
    """Not the value: a time that was written by hand may be finer than ours."""
    return column.is_(None) if value is None else column.is_not(None)


def _take_place(connection: Connection, name: str, due_at: datetime, task_id: str) -> bool:
    row = {"schedule": name, "due_at": due_at, "task_id": task_id}
    # RETURNING, because psycopg does not tell the row count of an INSERT.
    statement = _insert_new(connection, schedule_fires).returning(schedule_fires.c.due_at)
    return connection.execute(statement, row).first() is not None


def _insert_new(connection: Connection, table: Any) -> Any:
    insert_one = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    return insert_one(table).on_conflict_do_nothing()


def _schedule(row: RowMapping) -> Schedule:
    return Schedule(**row)
