"""What only PostgreSQL has: rows that others hold, schemas, and connections that break."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

import pytest
from sqlalchemy import Connection

from taskrow.domain.task import Status
from taskrow.errors import DatabaseBusyError, DatabaseError
from taskrow.storage import claims, finish, upkeep
from taskrow.storage import purge as rows
from taskrow.storage.database import Database, open_database
from taskrow.storage.held_rows import find_held_rows
from taskrow.storage.schema import ensure_schema, find_revision
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

T = TypeVar("T")


@contextmanager
def in_the_middle(database: Database, work: Callable[[Connection], object]) -> Iterator[None]:
    """Another transaction has done this, and commits when the block ends."""
    done, over = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        work(connection)
        done.set()
        assert over.wait(30)

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(database.write, write)
        assert done.wait(30)
        try:
            yield
        finally:
            over.set()
        writing.result()


@contextmanager
def meanwhile(database: Database, work: Callable[[Connection], T]) -> Iterator[Future[T]]:
    """A write in another thread that has come to wait for a lock when the block begins."""
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(database.write, work)
        eventually(lambda: _waiting(database), 5)
        yield writing


def _waiting(database: Database) -> int:
    with database.read() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return int(connection.exec_driver_sql(query).scalar_one())


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
            eventually(lambda: _waiting(postgresql), 5)
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


def test_who_is_stopped_in_a_transaction_holds_up_others_no_longer_than_the_busy_timeout(
    postgresql: Database,
) -> None:
    add(postgresql)
    stopped = open_database(_url(postgresql), busy_timeout=1.0)

    def touch(connection: Connection) -> int:
        return connection.exec_driver_sql("UPDATE tasks SET priority = 1").rowcount

    with pytest.raises(DatabaseError), in_the_middle(stopped, touch):
        assert postgresql.write(touch) == 1  # and the other one has not ended by itself
    stopped.close()


def test_work_of_the_users_own_may_rest_in_its_transaction_for_longer(
    postgresql: Database,
) -> None:
    asked = "SELECT current_setting('idle_in_transaction_session_timeout')"
    seen: list[object] = []
    postgresql.write(lambda c: seen.append(c.exec_driver_sql(asked).scalar_one()))
    postgresql.write_alone(
        lambda c: seen.append(c.exec_driver_sql(asked).scalar_one()), lambda _: None
    )
    postgresql.write(lambda c: seen.append(c.exec_driver_sql(asked).scalar_one()))
    assert seen == ["5s", "50s", "5s"]


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
            eventually(lambda: _waiting(postgresql), 5)
        assert cancelling.result() is Status.RUNNING
    assert find(postgresql, task_id).cancel_requested_at == NOW


def test_an_end_that_waited_for_a_reclaim_finds_its_claim_lost(postgresql: Database) -> None:
    claim = claimed(postgresql)
    lost = ending(claim, Status.FAILED, outcome="lost")
    with ThreadPoolExecutor() as pool:
        with in_the_middle(postgresql, lambda c: finish.reclaim(c, lost, now=NOW)):
            done = ending(claim, Status.SUCCEEDED)
            late = pool.submit(postgresql.write, lambda c: finish.succeed(c, [done], now=NOW))
            eventually(lambda: _waiting(postgresql), 5)
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


def test_a_lock_that_is_held_for_too_long_is_an_error_in_time(
    postgresql: Database, postgres_url: str
) -> None:
    task_id = add(postgresql)
    impatient = open_database(postgres_url, busy_timeout=0.3)

    def touch(connection: Connection) -> None:
        upkeep.cancel(connection, task_id, now=NOW, purge_at=PURGE_AT)

    with in_the_middle(postgresql, touch):
        began = time.monotonic()
        with pytest.raises(DatabaseBusyError, match="lock timeout"):
            impatient.write(touch)
        assert 0.2 < time.monotonic() - began < 10
    impatient.close()


def test_a_connection_that_was_cut_is_replaced(postgresql: Database) -> None:
    task_id = add(postgresql)
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    query = f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}"
    killer = open_database(_url(postgresql), busy_timeout=5)
    with killer.read() as connection:
        connection.exec_driver_sql(query).all()
    killer.close()
    assert find(postgresql, task_id).id == task_id
    add(postgresql)


def test_a_connection_is_asked_whether_it_lives_only_when_its_socket_has_news(
    postgresql: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(postgresql)
    dialect, pings = postgresql._open().dialect, []  # type: ignore[attr-defined]
    ping = dialect.do_ping

    def do_ping(raw: object) -> object:
        pings.append(raw)
        return ping(raw)

    monkeypatch.setattr(dialect, "do_ping", do_ping)
    add_many(postgresql, 3)
    add(postgresql)
    assert not pings
    with postgresql.read() as connection:
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    killer = open_database(_url(postgresql), busy_timeout=5)
    with killer.read() as connection:
        connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)").close()
    killer.close()
    add(postgresql)
    assert len(pings) == 1


def test_the_schema_is_the_first_of_the_search_path(postgres_url: str) -> None:
    plain = open_database(postgres_url, busy_timeout=5)
    plain.write(lambda c: c.exec_driver_sql("CREATE SCHEMA apart").close())
    apart = open_database(f"{postgres_url}?options=-csearch_path%3Dapart", busy_timeout=5)
    try:
        with apart.read() as connection:
            assert find_revision(connection) is None
        ensure_schema(apart)
        task_id = add(apart)
        assert find(apart, task_id).id == task_id
        with plain.read() as connection:
            found = connection.exec_driver_sql("SELECT id FROM apart.tasks").scalars().all()
        assert found == [task_id]
    finally:
        apart.close()
        plain.write(lambda c: c.exec_driver_sql("DROP SCHEMA apart CASCADE").close())
        plain.close()


def test_the_session_speaks_utc_whatever_the_server_does(postgresql: Database) -> None:
    with postgresql.read() as connection:
        assert connection.exec_driver_sql("SHOW timezone").scalar() == "UTC"
    task = find(postgresql, add(postgresql))
    assert task.run_at.utcoffset() == timedelta(0)


def _url(database: Database) -> str:
    return str(database.url.render_as_string(hide_password=False))  # type: ignore[attr-defined]
