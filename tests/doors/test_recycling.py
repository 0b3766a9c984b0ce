"""A runner is replaced after so many tasks or MiB: never in the middle, and without a pause."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from taskrow.domain.task import Status
from taskrow.engine.memory import MemoryLimit
from taskrow.engine.queue import QueueEngine
from tests.apps import runtime
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import final, runs, submit

APP = "tests.apps.runtime:app"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def pids(engine: QueueEngine, ids: list[str]) -> list[int]:
    return [int(final(engine, task_id).result or 0) for task_id in ids]


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_a_runner_runs_no_more_tasks_than_it_may(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    ids = [submit(engine, runtime.pid) for _ in range(35)]
    start.worker("--runners", "1", "--max-tasks-per-runner", "10", app=APP)
    found = pids(engine, ids)
    turns = [len(list(group)) for _, group in itertools.groupby(found)]
    assert (len(set(found)), max(turns)) == (len(turns), 10)  # one after the other, never together
    assert {engine.get(task_id).attempt for task_id in ids} == {1}
    eventually(lambda: not any(map(is_alive, found[:10])))


@sqlite_only
def test_nor_do_several_runners_with_threads(engine: QueueEngine, start: ProcessFactory) -> None:
    ids = [submit(engine, runtime.pid) for _ in range(60)]
    limits = ("--runners", "2", "--threads", "3", "--max-tasks-per-runner", "7")
    start.worker(*limits, app=APP)
    assert max(Counter(pids(engine, ids)).values()) <= 7
    assert {engine.get(task_id).attempt for task_id in ids} == {1}


@sqlite_only
def test_a_process_for_each_task(engine: QueueEngine, start: ProcessFactory) -> None:
    ids = [submit(engine, runtime.pid) for _ in range(5)]
    worker = start.worker("--max-tasks-per-runner", "1", "--burst", "--runners", "2", app=APP)
    assert worker.process.wait(60) == 0
    assert len(set(pids(engine, ids))) == 5


@sqlite_only
def test_a_runner_that_grew_too_big_is_replaced_after_its_task(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    # More than a runner holds at rest, by far; less than it has grown by.
    start.worker("--runners", "1", "--max-memory-per-runner", "300", app=APP)
    [before, big] = pids(
        engine, [submit(engine, runtime.grow, 1), submit(engine, runtime.grow, 400)]
    )
    assert before == big
    after = eventually(lambda: [p for p in pids(engine, [submit(engine, runtime.pid)]) if p != big])
    assert pids(engine, [submit(engine, runtime.grow, 1)]) == after
    eventually(lambda: not is_alive(big))


@sqlite_only
def test_a_long_task_in_an_old_runner_is_let_finish(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    limits = ("--threads", "2", "--max-tasks-per-runner", "2")
    start.worker("--runners", "1", *limits, app=APP)
    gate = tmp_path / "gate"
    long = submit(engine, runtime.wait_at, str(tmp_path / "mark"), str(gate))
    eventually(lambda: runs(tmp_path / "mark"))
    [old] = pids(engine, [submit(engine, runtime.pid)])
    [new] = pids(engine, [submit(engine, runtime.pid)])  # in the place that is free
    assert new != old
    gate.touch()
    task = final(engine, long)
    assert (task.status, task.attempt, int(task.result or 0)) == (Status.SUCCEEDED, 1, old)


@sqlite_only
def test_a_runner_that_does_not_end_is_ended(engine: QueueEngine, start: ProcessFactory) -> None:
    start.worker("--runners", "1", "--max-tasks-per-runner", "1", app=APP)
    [old] = pids(engine, [submit(engine, runtime.leave_a_thread)])
    assert pids(engine, [submit(engine, runtime.pid)]) != [old]
    eventually(lambda: not is_alive(old))


def test_the_limit_is_told_once() -> None:
    limit = MemoryLimit(1)
    assert [limit.is_passed_now(), limit.is_passed_now()] == [True, False]
    assert not MemoryLimit(2**20).is_passed_now()
    assert not MemoryLimit(0).is_passed_now()
