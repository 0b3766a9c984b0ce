"""``--threads``: one runner runs several tasks at a time, and each is a task like any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from tests.apps import runtime
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.runtime:app"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
StartThreads = Callable[..., Any]


@pytest.fixture
def threads(start: ProcessFactory) -> StartThreads:
    """Starts a worker of one runner with threads."""
    return lambda count, *more: start.worker(
        "--runners", "1", "--threads", str(count), *more, app=APP
    )


def ends(engine: QueueEngine, ids: list[str]) -> list[Task]:
    return [final(engine, task_id) for task_id in ids]


def test_one_runner_runs_so_many_at_once(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    worker = threads(4)
    worker.wait_for("runners 1 x 4 threads")
    place = tmp_path / "place"
    place.mkdir()
    ids = [submit(engine, runtime.meet, str(place), 4) for _ in range(4)]
    results = [json.loads(task.result or "") for task in ends(engine, ids)]
    assert [result[:2] for result in results] == [["none", "tests.apps.runtime"]] * 4
    assert len({result[2] for result in results}) == 1  # one process
    assert len({result[3] for result in results}) == 4
    for task_id in ids:
        [log] = engine.attempt_logs(task_id)
        assert log.text.partition(" INFO ")[2] == f"shop: here is {task_id}"


def test_never_more_than_so_many_and_none_waits_behind_a_long_one(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    short = [submit(engine, runtime.pid) for _ in range(200)]
    gates = [submit(engine, runtime.wait_at, str(tmp_path / "mark"), str(tmp_path / "gate"))]
    short += [submit(engine, runtime.pid) for _ in range(200)]
    threads(2)
    assert {task.status for task in ends(engine, short)} == {Status.SUCCEEDED}
    gates += [
        submit(engine, runtime.wait_at, str(tmp_path / "mark"), str(tmp_path / "gate"))
        for _ in range(2)
    ]
    eventually(lambda: runs(tmp_path / "mark") == 2)
    one_waits = [Status.QUEUED, Status.RUNNING, Status.RUNNING]
    eventually(lambda: sorted(engine.get(task_id).status for task_id in gates) == one_waits)
    (tmp_path / "gate").touch()
    assert {task.attempt for task in ends(engine, gates + short)} == {1}


def test_a_cancel_reaches_its_task_alone(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    threads(3)
    ids = [submit(engine, runtime.until_cancelled, str(tmp_path / f"{n}")) for n in range(3)]
    eventually(lambda: all(runs(tmp_path / f"{n}") for n in range(3)))
    engine.cancel(ids[1])
    assert final(engine, ids[1]).status is Status.CANCELLED
    assert [runs(tmp_path / f"{n}") for n in range(3)] == [1, 2, 1]
    assert engine.get(ids[0]).status is engine.get(ids[2]).status is Status.RUNNING


@sqlite_only
@pytest.mark.shared_worker
def test_a_soft_timeout_is_heard_at_the_next_update(
    engine: QueueEngine, threads: StartThreads
) -> None:
    threads(2)
    assert final(engine, submit(engine, runtime.until_soft_timeout)).result == '"in time"'


def test_a_hard_timeout_ends_the_runner_and_gives_its_neighbours_back(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    threads(3)
    mark, gate = str(tmp_path / "mark"), str(tmp_path / "gate")
    neighbour = submit(engine, runtime.wait_at, mark, gate)
    once = submit(engine, runtime.wait_once_at, mark, gate)
    eventually(lambda: runs(tmp_path / "mark") == 2)
    overstays = submit(engine, runtime.overstay, str(tmp_path / "long"))
    assert error_of(final(engine, overstays))[0] == "TaskTimeout"
    assert error_of(final(engine, once)) == (
        "WorkerLost",
        "another task in the threads of its runner ran longer than its timeout while it ran, "
        "and it may run only once",
    )
    (tmp_path / "gate").touch()
    task = final(engine, neighbour)
    assert (task.status, task.attempt) == (Status.SUCCEEDED, 1)
    assert runs(tmp_path / "mark") == 3


@sqlite_only
@pytest.mark.shared_worker
def test_a_crash_costs_each_task_of_the_runner_an_attempt(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    threads(2)
    neighbour = submit(engine, runtime.wait_at, str(tmp_path / "mark"), str(tmp_path / "gate"))
    eventually(lambda: runs(tmp_path / "mark"))
    dies = submit(engine, runtime.say_and_die)
    assert error_of(final(engine, dies))[0] == "WorkerLost"
    (tmp_path / "gate").touch()
    task = final(engine, neighbour)
    assert (task.status, task.attempt) == (Status.SUCCEEDED, 2)


@sqlite_only
@pytest.mark.shared_worker
def test_a_task_that_breaks_the_runner_is_lost_and_not_stuck(
    engine: QueueEngine, threads: StartThreads
) -> None:
    threads(2)
    task = final(engine, submit(engine, runtime.close_files))
    assert error_of(task)[0] == "WorkerLost"
    assert final(engine, submit(engine, runtime.pid)).status is Status.SUCCEEDED


@sqlite_only
def test_a_stopping_worker_lets_its_threads_finish(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    worker = threads(3)
    mark, gate = str(tmp_path / "mark"), str(tmp_path / "gate")
    ids = [submit(engine, runtime.wait_at, mark, gate) for _ in range(5)]
    eventually(lambda: runs(tmp_path / "mark") == 3)
    worker.process.terminate()
    worker.wait_for("stopping: 3 tasks may go on")
    (tmp_path / "gate").touch()
    assert worker.process.wait(30) == 0
    statuses = [engine.get(task_id).status for task_id in ids]
    assert statuses == [Status.SUCCEEDED] * 3 + [Status.QUEUED] * 2
