"""The transaction in which a due time fires, and the rows that prove it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from taskrow.domain.ids import new_id
from taskrow.domain.schedule import Plan, Schedule, make_rule
from taskrow.storage import schedules as rows
from taskrow.storage.database import Database
from taskrow.storage.schedules import Fire
from taskrow.storage.submit import NewTask
from taskrow.storage.tables import schedule_fires, tasks
from tests.storage.rows import NOW, SECOND

DUE, NEXT = NOW + 60 * SECOND, NOW + 120 * SECOND


@pytest.fixture
def schedule(database: Database) -> Schedule:
    """A schedule that is due at DUE."""
    plan = Plan(name="report", task_name="report", rule=make_rule(every=60))
    database.write(lambda c: rows.add_schedule(
        c, plan, source="code", application="shop", next_at=DUE, now=NOW))  # fmt: skip
    return read(database)


def read(database: Database) -> Schedule:
    with database.read() as connection:
        found = rows.find_schedule(connection, "report")
    assert found is not None
    return found


def task(now: datetime = DUE) -> NewTask:
    return NewTask(
        id=new_id(now), name="report", args="{}", args_checksum=None, queue="default",
        priority=0, retries=0, crash_limit=0, run_at=now,
    )  # fmt: skip


def fire(database: Database, one: Fire, now: datetime = DUE) -> bool:
    return database.write(lambda connection: rows.fire(connection, one, now=now))


def counts(database: Database) -> tuple[int | None, int | None]:
    """How many due times have fired, and how many tasks there are."""
    with database.read() as connection:
        fired, submitted = (
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (schedule_fires, tasks)
        )
    return fired, submitted


def end_all(database: Database, now: datetime) -> None:
    """Whatever waits is over."""
    ended = update(tasks).where(tasks.c.finished_at.is_(None))
    values = {"status": "cancelled", "finished_at": now, "purge_at": now}
    database.write(lambda connection: connection.execute(ended.values(**values)))


def test_the_second_to_fire_changes_nothing(database: Database, schedule: Schedule) -> None:
    first, second = (
        Fire(schedule=schedule, due_at=DUE, next_at=NEXT, task=task()) for _ in range(2)
    )
    assert [fire(database, first), fire(database, second)] == [True, False]
    assert counts(database) == (1, 1)
    assert (read(database).next_at, read(database).last_fired_at) == (NEXT, DUE)


def test_that_holds_for_what_makes_no_task_too(database: Database, schedule: Schedule) -> None:
    one = Fire(schedule=schedule, due_at=DUE, next_at=NEXT)
    assert [fire(database, one), fire(database, one)] == [True, False]
    assert counts(database) == (0, 0)


def test_a_due_time_that_has_fired_only_moves_on(database: Database, schedule: Schedule) -> None:
    assert fire(database, Fire(schedule=schedule, due_at=DUE, next_at=DUE, task=task()))
    assert not fire(database, Fire(schedule=schedule, due_at=DUE, next_at=NEXT, task=task()))
    assert counts(database) == (1, 1)
    assert read(database).next_at == NEXT


@pytest.mark.parametrize(
    "values",
    [{"rule": "every 30 s"}, {"timezone": "Europe/Paris"}, {"paused_at": NOW, "next_at": None}],
    ids=repr,
)
def test_a_schedule_that_was_changed_meanwhile_does_not_fire(
    database: Database, schedule: Schedule, values: dict[str, object]
) -> None:
    database.write(lambda c: rows.change_schedule(c, schedule, **values))
    assert not fire(database, Fire(schedule=schedule, due_at=DUE, next_at=NEXT, task=task()))
    assert counts(database) == (0, 0)


def test_what_was_missed_may_be_skipped(database: Database, schedule: Schedule) -> None:
    assert not fire(database, Fire(schedule=schedule, due_at=None, next_at=NEXT))
    assert (read(database).next_at, read(database).last_fired_at) == (NEXT, None)
    assert counts(database) == (0, 0)


def test_a_change_of_a_row_that_is_another_by_now_is_dropped(
    database: Database, schedule: Schedule
) -> None:
    stale = replace(schedule, rule="every 7 s")
    assert not database.write(lambda c: rows.change_schedule(c, stale, next_at=NEXT))
    assert read(database) == schedule


def test_only_what_is_due_soon_is_read(database: Database, schedule: Schedule) -> None:
    with database.read() as connection:
        assert rows.coming_schedules(connection, DUE - SECOND) == []
        assert rows.coming_schedules(connection, DUE) == [schedule]


def test_old_fires_go_in_batches_oldest_first(database: Database, schedule: Schedule) -> None:
    for number in range(5):
        due = DUE + number * timedelta(seconds=1)
        one = Fire(schedule=schedule, due_at=due, next_at=DUE, task=task(due))
        assert fire(database, one, now=due)
        end_all(database, due)

    def purge(before: datetime) -> int:
        return database.write(lambda c: rows.purge_fires(c, before=before, limit=2))

    assert [purge(DUE + 3 * SECOND) for _ in range(3)] == [2, 1, 0]
    assert counts(database) == (2, 5)


def test_a_task_that_is_not_over_keeps_its_due_time(database: Database, schedule: Schedule) -> None:
    one = task()
    assert fire(database, Fire(schedule=schedule, due_at=DUE, next_at=NEXT, task=one))

    def purge() -> int:
        return database.write(lambda c: rows.purge_fires(c, before=NEXT, limit=9))

    def due_time(task_id: str) -> datetime | None:
        with database.read() as connection:
            return rows.due_time_of(connection, task_id)

    assert (purge(), due_time(one.id), due_time(new_id(NOW))) == (0, DUE, None)
    end_all(database, NEXT)
    assert (purge(), due_time(one.id)) == (1, None)
