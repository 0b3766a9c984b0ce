"""To wait for a change; and what a watcher has to live through."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from taskrow.domain.ids import new_id
from taskrow.domain.task import Status, Task
from taskrow.engine.watcher import Watcher
from taskrow.errors import DatabaseError
from taskrow.storage import claims, watched
from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import ensure_schema
from taskrow.storage.submit import DONE, ring
from tests.storage.key_workloads import wait_before_and_after_a_fork
from tests.storage.processes import running
from tests.storage.rows import (
    NOW,
    PURGE_AT,
    add,
    add_many,
    cancel,
    claimed,
    ending,
    find,
    in_status,
    settle,
    take,
)
from tests.storage.test_purge import purge
from tests.support.processes import eventually

SAID = '{"state": "PROGRESS", "meta": {"current": 1}}'


@pytest.fixture
def watcher(database: Database) -> Iterator[Watcher]:
    watcher = Watcher(database)
    yield watcher
    watcher.close()


@contextmanager
def waiting(wait: Callable[[], Task | None]) -> Iterator[Future[Task | None]]:
    """Somebody waits in a thread."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(wait)
        eventually(lambda: future.running() or future.done())
        yield future


def change(database: Database, task: Task, what: str) -> None:
    if what == "claim":
        take(database)
    if what == "cancel":
        cancel(database, task.id)
    if what == "purge":
        cancel(database, task.id)
        purge(database, PURGE_AT)
    if what == "priority":
        database.write(lambda c: c.execute(text("UPDATE tasks SET priority = 7")).close())


@pytest.mark.parametrize("what", ["claim", "cancel", "purge", "priority"])
def test_who_waits_for_a_change_gets_the_row_as_it_then_stands(
    watcher: Watcher, database: Database, what: str
) -> None:
    task = in_status(database, Status.QUEUED)
    with waiting(lambda: watcher.wait_for_change(task, 20)) as future:
        change(database, task, what)
        found = future.result()
    if what == "purge":
        assert found is None or found.status is Status.CANCELLED
    else:
        assert found == find(database, task.id) != task


def test_progress_and_a_request_to_cancel_are_changes(watcher: Watcher, database: Database) -> None:
    claim = claimed(database)
    task = find(database, claim.id)
    with waiting(lambda: watcher.wait_for_change(task, 20)) as future:
        database.write(lambda c: claims.write_progress(c, [(claim, SAID)]))
        found = future.result()
    assert found is not None
    assert found.progress == SAID
    cancel(database, task.id)
    asked = watcher.wait_for_change(found, 20)
    assert asked is not None
    assert asked.cancel_requested_at == NOW


def test_a_change_that_has_been_is_not_waited_for(watcher: Watcher, database: Database) -> None:
    task = in_status(database, Status.QUEUED)
    take(database)
    assert watcher.wait_for_change(task, 20) == find(database, task.id)
    purge(database, PURGE_AT)


@pytest.mark.parametrize("status", list(Status))
def test_a_row_that_stays_as_it_is_is_waited_for_in_vain(
    watcher: Watcher, database: Database, status: Status
) -> None:
    task = in_status(database, status)
    add_many(database, 3)
    with pytest.raises(TimeoutError, match=f"{task.id} did not change within 0.05 seconds"):
        watcher.wait_for_change(task, 0.05)


def test_a_heartbeat_is_no_change(watcher: Watcher, database: Database) -> None:
    task = in_status(database, Status.RUNNING)
    with waiting(lambda: watcher.wait_for_change(task, 0.3)) as future:
        database.write(lambda c: c.execute(text("UPDATE tasks SET heartbeat = 9")).close())
        assert isinstance(future.exception(), TimeoutError)


@pytest.mark.parametrize("what", ["end", "change"])
def test_those_who_wait_when_it_closes_are_told(database: Database, what: str) -> None:
    watcher, task = Watcher(database), in_status(database, Status.QUEUED)

    def wait() -> Task | None:
        return watcher.wait(task.id, None) if what == "end" else watcher.wait_for_change(task, None)

    with waiting(wait) as future:
        eventually(lambda: bool(watcher._watches))
        watcher.close()
        assert isinstance(future.exception(), DatabaseError)
    with pytest.raises(DatabaseError, match="closed"):
        wait()


def test_who_gives_up_leaves_nothing_behind(watcher: Watcher, database: Database) -> None:
    task = in_status(database, Status.QUEUED)

    def give_up(_: int) -> None:
        with pytest.raises(TimeoutError):
            watcher.wait(task.id, 0)
        with pytest.raises(TimeoutError):
            watcher.wait_for_change(task, 0)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(give_up, range(5000)))
    assert not watcher._watches
    eventually(lambda: not watcher._watches.has_fresh)


def test_an_end_at_the_last_moment_is_never_lost(watcher: Watcher, database: Database) -> None:
    """Whoever is told that it did not end can find that it had not."""
    ids = add_many(database, 40)
    open_claims = {claim.id: claim for claim in take(database, 40)}
    for number, task_id in enumerate(ids):
        with waiting(lambda one=task_id, n=number: watcher.wait(one, n / 4000)) as future:  # type: ignore[misc]
            assert settle(database, ending(open_claims[task_id], Status.SUCCEEDED))
            found = future.exception() or future.result()
        assert isinstance(found, TimeoutError) or found == find(database, task_id)
    assert not watcher._watches


def test_a_callback_that_fails_keeps_nobody_from_the_end(
    watcher: Watcher, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Task | None) -> None:
        raise LookupError("no luck")

    task_id = add(database)
    for _ in range(3):
        watcher.watch(task_id, fail)
    with waiting(lambda: watcher.wait(task_id, 20)) as future:
        cancel(database, task_id)
        assert future.result() == find(database, task_id)
    eventually(lambda: "no luck" in caplog.text)  # whom of them it calls first, nobody knows


def test_a_busy_database_is_looked_at_only_now_and_then(
    watcher: Watcher, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, find_ended = [0], watched.find_ended

    def counted(*args: object) -> list[str]:
        looks[0] += 1
        return find_ended(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(watched, "find_ended", counted)
    task_id = add(database)
    with waiting(lambda: watcher.wait(task_id, 20)) as future:
        eventually(lambda: looks[0] > 0)
        looks[0] = 0
        for _ in range(200):
            database.write(lambda c: ring(c, DONE))
            add(database, queue="other")
        seen = looks[0]
        cancel(database, task_id)
        assert future.result() is not None
    assert 0 < seen < 200


def test_it_outlives_a_fork(database: Database, database_url: str) -> None:
    with running(wait_before_and_after_a_fork, database_url) as child:
        for task_id in child.hear():
            cancel(database, task_id)
            assert child.hear() == Status.CANCELLED
        assert child.hear() == Status.CANCELLED


def test_it_waits_until_the_database_can_be_used(tmp_path: Path) -> None:
    directory = tmp_path / "later"
    database = open_database(f"sqlite:///{directory / 'tasks.db'}", busy_timeout=5)
    watcher = Watcher(database)
    with waiting(lambda: watcher.wait(new_id(NOW), 30)) as future:
        eventually(lambda: watcher._thread is not None)
        assert not future.done()
        directory.mkdir()
        ensure_schema(database)
        assert future.result() is None
    watcher.close()
    database.close()


def test_it_outlives_the_loss_of_its_connections(postgresql: Database) -> None:
    watcher, task_id = Watcher(postgresql), add(postgresql)
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with waiting(lambda: watcher.wait(task_id, 30)) as future:
        eventually(lambda: bool(watcher._watches))
        with postgresql.read() as connection:
            connection.execute(text(f"{others} AND datname = current_database()")).all()
        assert not future.done()
        cancel(postgresql, task_id)
        assert future.result() == find(postgresql, task_id)
    watcher.close()


def test_many_threads_wait_for_one_task(watcher: Watcher, database: Database) -> None:
    task_id, start = add(database), threading.Barrier(101)

    def wait() -> Task | None:
        start.wait()
        return watcher.wait(task_id, 30)

    with ThreadPoolExecutor(100) as pool:
        waits = [pool.submit(wait) for _ in range(100)]
        start.wait()
        cancel(database, task_id)
        assert {wait.result() for wait in waits} == {find(database, task_id)}
