"""To wait for the end of a task: woken by the commit of whoever ends it, in any process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from taskrow.domain.ids import new_id
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from taskrow.engine.result import AsyncResult
from taskrow.engine.watcher import Watcher
from taskrow.errors import NoSuchTaskError, TaskCancelled, TaskFailed
from taskrow.storage.database import Database
from tests.storage.processes import running
from tests.storage.rows import NOW, PURGE_AT, add, cancel, ending, find, in_status, settle, take
from tests.storage.test_purge import purge
from tests.storage.workloads import finish_when_told

AT_ONCE = 10.0  # seconds; no poll is behind the bell then


@pytest.fixture
def watcher(database: Database) -> Iterator[Watcher]:
    watcher = Watcher(database)
    yield watcher
    watcher.close()


def test_the_end_in_another_process_wakes_who_waits(
    watcher: Watcher, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taskrow.engine.listening._SLOW_POLL", 60.0)
    task_id = add(database)
    with running(finish_when_told, database_url, Status.SUCCEEDED) as child:
        assert child.hear() == "running"
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(watcher.wait, task_id, 50)
            while not waiting.running():
                threading.Event().wait(0.01)
            child.tell()
            assert child.hear() == task_id
            began = time.monotonic()
            task = waiting.result()
            assert time.monotonic() - began < AT_ONCE
    assert task is not None
    assert (task.status, task.result) == (Status.SUCCEEDED, "42")


def test_a_result_comes_from_another_process(
    engine: QueueEngine, database: Database, database_url: str
) -> None:
    result = AsyncResult(add(database), engine)
    with running(finish_when_told, database_url, Status.SUCCEEDED) as child:
        child.hear()
        assert (result.state, result.ready()) == ("PENDING", False)
        child.tell()
        assert result.get(timeout=10) == 42
    assert (result.state, result.ready()) == ("SUCCESS", True)


def test_so_does_a_failure(engine: QueueEngine, database: Database, database_url: str) -> None:
    result = AsyncResult(add(database), engine)
    with running(finish_when_told, database_url, Status.FAILED) as child:
        child.hear()
        child.tell()
        with pytest.raises(TaskFailed, match="no") as caught:
            result.get(timeout=10)
    assert isinstance(caught.value, ValueError)


def test_a_cancel_wakes_who_waits(engine: QueueEngine, database: Database) -> None:
    result = AsyncResult(add(database), engine)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(result.get, 10)
        cancel(database, result.id)
        with pytest.raises(TaskCancelled):
            waiting.result()


def test_who_waits_in_vain_is_told_in_time(watcher: Watcher, database: Database) -> None:
    task_id = add(database)
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=f"{task_id} did not end within 0.1 seconds"):
        watcher.wait(task_id, 0.1)
    assert time.monotonic() - began < 10
    settle(database, ending(take(database)[0], Status.SUCCEEDED))
    assert watcher.wait(task_id, 5) == find(database, task_id)


def test_what_is_over_is_not_waited_for(watcher: Watcher, database: Database) -> None:
    task = in_status(database, Status.FAILED)
    assert watcher.wait(task.id, 5) == task


def test_a_row_that_is_gone_ends_the_wait(watcher: Watcher, database: Database) -> None:
    task_id = add(database)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(watcher.wait, task_id, 30)
        cancel(database, task_id)
        purge(database, PURGE_AT)
        ended = waiting.result()
    assert ended is None or ended.status is Status.CANCELLED
    assert watcher.wait(task_id, 5) is None


def test_the_result_of_a_purged_task_is_an_error(engine: QueueEngine, database: Database) -> None:
    task = in_status(database, Status.SUCCEEDED)
    purge(database, PURGE_AT)
    for task_id in (task.id, new_id(NOW), "junk"):
        with pytest.raises(NoSuchTaskError):
            AsyncResult(task_id, engine).get(timeout=1)


def test_many_wait_for_many_tasks(watcher: Watcher, database: Database) -> None:
    ids = [add(database) for _ in range(20)]
    with ThreadPoolExecutor(40) as pool:
        waits = [pool.submit(watcher.wait, task_id, 20) for task_id in ids * 2]
        for claim in take(database, 20):
            settle(database, ending(claim, Status.SUCCEEDED))
        found = [wait.result() for wait in waits]
    assert [task.id for task in found if task is not None] == ids * 2


def test_a_watcher_without_anybody_waiting_closes_at_once(database: Database) -> None:
    Watcher(database).close()
