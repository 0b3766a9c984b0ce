"""Rows that another transaction of PostgreSQL is changing, or holds."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from taskrow.domain.task import Status
from taskrow.storage import claims, finish, upkeep
from taskrow.storage import purge as rows
from taskrow.storage.database import Database
from taskrow.storage.held_rows import find_held_rows
from tests.storage.others import in_the_middle, waiting_for_locks
from tests.storage.rows import (
    NOW,
    PURGE_AT,
    add,
    add_many,
    claimed,
    counts,
    ending,
    find,
    find_all,
    in_status,
    take,
)
from tests.support.processes import eventually


def purge(connection: Connection) -> int:
    return rows.purge(connection, now=PURGE_AT, limit=10)


def purge_older(connection: Connection) -> int:
    return rows.purge_these(connection, [1], finished_before=PURGE_AT)


@pytest.mark.parametrize("delete", [purge, purge_older])
def test_a_purge_spares_what_is_retried_by_hand_under_its_eyes(
    postgresql: Database, delete: Callable[[Connection], int]
) -> None:
    task = in_status(postgresql, Status.FAILED)
    with ThreadPoolExecutor() as pool:
        with in_the_middle(postgresql, lambda c: upkeep.retry_by_hand(c, task.id, now=NOW)):
            purging = pool.submit(postgresql.write, delete)
            eventually(lambda: waiting_for_locks(postgresql), 5)
        assert purging.result() == 0
    assert find(postgresql, task.id).status is Status.QUEUED


def test_a_claim_passes_over_what_another_is_claiming(postgresql: Database) -> None:
    ids = add_many(postgresql, 4)

    def claim(connection: Connection) -> None:
        claims.claim(connection, worker="one", queue="default", limit=2, now=NOW, lease=PURGE_AT)

    with in_the_middle(postgresql, claim):
        assert [found.id for found in take(postgresql, 9, worker="two")] == ids[2:]
    assert [task.worker for task in find_all(postgresql, ids)] == ["one", "one", "two", "two"]


def hold(task_id: str) -> Callable[[Connection], object]:
    """What somebody does who looks at a row in a transaction."""
    select = f"SELECT 1 FROM tasks WHERE id = '{task_id}' FOR UPDATE"
    return lambda connection: connection.exec_driver_sql(select).close()


def test_a_heartbeat_passes_over_a_row_that_somebody_holds_and_tells_that_it_runs(
    postgresql: Database,
) -> None:
    add_many(postgresql, 3)
    held, *others = take(postgresql, 3, worker="me")
    with in_the_middle(postgresql, hold(held.id)):
        beaten = postgresql.write(lambda c: claims.beat(c, worker="me", lease=PURGE_AT))
    assert set(beaten) == {held.which, *(claim.which for claim in others)}
    with postgresql.read() as connection:
        found = claims.running_here(connection, worker="me")
    assert {claim.seq: claim.heartbeat for claim in found} == {
        held.seq: held.heartbeat,
        **{claim.seq: claim.heartbeat + 1 for claim in others},
    }


def test_a_reclaim_does_not_wait_for_a_row_that_somebody_holds(postgresql: Database) -> None:
    lost = ending(claimed(postgresql), Status.SCHEDULED, run_at=NOW)
    with in_the_middle(postgresql, hold(lost.claim.id)):
        assert not postgresql.write(lambda c: finish.reclaim(c, lost, now=NOW))
    assert postgresql.write(lambda c: finish.reclaim(c, lost, now=NOW))


def test_rows_that_somebody_holds_are_told_from_others(postgresql: Database) -> None:
    add_many(postgresql, 2)
    held, other = take(postgresql, 2)
    with in_the_middle(postgresql, hold(held.id)), postgresql.read() as connection:
        assert find_held_rows(connection, {held.seq, other.seq, 999}) == {held.seq}


def test_a_cancel_of_a_task_that_is_just_being_claimed_asks_it_to_stop(
    postgresql: Database,
) -> None:
    task_id = add(postgresql)

    def claim(connection: Connection) -> None:
        claims.claim(connection, worker="one", queue="default", limit=2, now=NOW, lease=PURGE_AT)

    def cancel(connection: Connection) -> Status | None:
        return upkeep.cancel(connection, task_id, now=NOW, purge_at=PURGE_AT)

    with ThreadPoolExecutor() as pool:
        with in_the_middle(postgresql, claim):
            cancelling = pool.submit(postgresql.write, cancel)
            eventually(lambda: waiting_for_locks(postgresql), 5)
        assert cancelling.result() is Status.RUNNING
    assert find(postgresql, task_id).cancel_requested_at == NOW


def test_an_end_that_waited_for_a_reclaim_finds_its_claim_lost(postgresql: Database) -> None:
    claim = claimed(postgresql)
    lost = ending(claim, Status.FAILED, outcome="lost")
    with ThreadPoolExecutor() as pool:
        with in_the_middle(postgresql, lambda c: finish.reclaim(c, lost, now=NOW)):
            done = ending(claim, Status.SUCCEEDED)
            late = pool.submit(postgresql.write, lambda c: finish.succeed(c, [done], now=NOW))
            eventually(lambda: waiting_for_locks(postgresql), 5)
        assert late.result() == [claim]
    assert find(postgresql, claim.id).status is Status.FAILED


def test_workers_that_end_the_same_kinds_of_tasks_at_once_do_not_stop_each_other(
    postgresql: Database,
) -> None:
    names = ["app.a", "app.b"]
    held = {
        (worker, name): claimed(postgresql, worker=worker, name=name)
        for worker in "xy"
        for name in names
    }
    both = threading.Barrier(2)

    def end(worker: str, order: list[str]) -> None:
        tried: list[int] = []

        def write(connection: Connection) -> None:
            tried.append(1)
            for name in order:
                assert finish.end(connection, ending(held[worker, name], Status.FAILED), now=NOW)
                if len(tried) == 1 and name == order[0]:
                    both.wait(30)

        postgresql.write(write)

    with ThreadPoolExecutor() as pool:
        for ended in [pool.submit(end, "x", names), pool.submit(end, "y", names[::-1])]:
            ended.result()
    assert sorted(counts(postgresql).values()) == [2, 2]
