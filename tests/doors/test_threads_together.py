"""Threads, recycling and logs with tasks that wait for others, commit themselves or are stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from taskrow import AsyncResult
from taskrow.domain.payload import encode_arguments
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.apps import together
from tests.support.processes import Process, ProcessFactory, eventually
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.together:app"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
StartThreads = Callable[..., Process]


@pytest.fixture
def threads(start: ProcessFactory) -> StartThreads:
    """Starts a worker of one runner with threads."""
    return lambda count, *more: start.worker(
        "--runners", "1", "--threads", str(count), *more, app=APP
    )


def logged(engine: QueueEngine, task_id: str) -> list[str]:
    """What each attempt said, without times."""
    return [
        line.partition(" INFO shop: ")[2]
        for one in engine.attempt_logs(task_id)
        for line in one.text.splitlines()
    ]


# -- waiting -------------------------------------------------------------------------------------


def test_chains_of_children_end_in_the_threads_of_one_runner(
    engine: QueueEngine, threads: StartThreads
) -> None:
    worker = threads(2)
    ids = [submit(engine, together.chain, 4) for _ in range(3)]
    assert [final(engine, task_id).result for task_id in ids] == ["4"] * 3
    assert worker.stop() == 0


@sqlite_only
@pytest.mark.shared_worker
def test_a_child_runs_in_a_free_thread_of_the_same_runner(
    engine: QueueEngine, threads: StartThreads
) -> None:
    threads(2)
    parent, child = json.loads(final(engine, submit(engine, together.with_child)).result or "")
    assert parent == child


@sqlite_only
@pytest.mark.parametrize("count", [1, 2])
def test_a_child_runs_though_its_parent_was_the_last_task_of_a_runner(
    engine: QueueEngine, threads: StartThreads, count: int
) -> None:
    threads(count, "--max-tasks-per-runner", "1")
    assert final(engine, submit(engine, together.chain, 3)).result == "3"
    ids = [submit(engine, together.process) for _ in range(3)]
    assert len({final(engine, task_id).result for task_id in ids}) == 3


@sqlite_only
@pytest.mark.shared_worker
def test_when_the_waits_are_over_no_more_run_at_once_than_before(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    threads(2)
    chains = [submit(engine, together.chain, 3) for _ in range(2)]
    assert [final(engine, task_id).result for task_id in chains] == ["3", "3"]
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    ids = [submit(engine, together.stand, str(mark), str(gate)) for _ in range(5)]
    eventually(lambda: runs(mark) == 2)

    def statuses() -> list[Status]:
        return [engine.get(task_id).status for task_id in ids]

    eventually(lambda: statuses().count(Status.RUNNING) == 2)  # what came behind them is put back
    assert runs(mark) == 2
    gate.touch()
    assert {final(engine, task_id).status for task_id in ids} == {Status.SUCCEEDED}


# -- stopping ------------------------------------------------------------------------------------


@pytest.mark.shared_worker
def test_terminating_one_gives_its_neighbours_back(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    threads(4)
    mark, gate = str(tmp_path / "mark"), str(tmp_path / "gate")
    victim, neighbour = (submit(engine, together.stand, mark, gate) for _ in range(2))
    once = submit(engine, together.stand_once, mark, gate)
    over = submit(engine, together.commit, mark, gate)
    eventually(lambda: runs(tmp_path / "mark") == 4)
    AsyncResult(victim, engine).revoke(terminate=True)
    assert final(engine, victim).status is Status.CANCELLED
    assert error_of(engine.get(victim))[0] == "Terminated"
    assert error_of(final(engine, once)) == (
        "WorkerLost",
        "another task in the threads of its runner was terminated while it ran, "
        "and it may run only once",
    )
    (tmp_path / "gate").touch()
    task = final(engine, neighbour)
    assert (task.status, task.attempt) == (Status.SUCCEEDED, 1)
    assert (engine.get(over).status, engine.get(over).attempt) == (Status.SUCCEEDED, 1)


# -- commits and logs ----------------------------------------------------------------------------


@pytest.mark.shared_worker
def test_tasks_in_threads_commit_each_for_itself(
    engine: QueueEngine, threads: StartThreads
) -> None:
    threads(4)
    ids = [submit(engine, together.commit) for _ in range(12)]
    ends = [final(engine, task_id) for task_id in ids]
    assert {(task.status, task.attempt) for task in ends} == {(Status.SUCCEEDED, 1)}
    assert len({task.result for task in ends}) == 1
    said = [logged(engine, task_id) for task_id in ids]
    assert said == [["before the commit", "in the commit"]] * 12


@pytest.mark.parametrize("count", [1, 2])
def test_what_a_task_logs_is_there_with_its_commit_and_the_rest_follows(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path, count: int
) -> None:
    worker = threads(count)
    task_id = submit(engine, together.commit, str(tmp_path / "mark"), str(tmp_path / "gate"))
    assert final(engine, task_id).status is Status.SUCCEEDED
    assert logged(engine, task_id) == ["before the commit", "in the commit"]
    (tmp_path / "gate").touch()
    eventually(lambda: len(logged(engine, task_id)) == 3)
    assert logged(engine, task_id)[-1] == "after the commit"
    assert worker.stop() == 0


def test_a_task_that_is_retried_while_its_committed_attempt_goes_on_runs_beside_it(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    worker = threads(2)
    gate = tmp_path / "gate"
    task_id = submit(engine, together.commit, str(tmp_path / "mark"), str(gate))
    assert final(engine, task_id).attempt == 1
    engine.retry(task_id)
    eventually(lambda: runs(tmp_path / "mark") == 2)
    gate.touch()
    said = ["before the commit", "in the commit", "after the commit"]
    eventually(lambda: logged(engine, task_id) == said[:2] + said)  # the second's are kept whole
    assert final(engine, task_id).attempt == 2
    assert final(engine, submit(engine, together.process)).result == engine.get(task_id).result
    assert worker.stop() == 0


@sqlite_only
def test_a_stopping_worker_writes_what_was_logged_after_a_commit(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    worker = threads(1)
    task_id = submit(engine, together.commit, str(tmp_path / "mark"), str(tmp_path / "gate"))
    eventually(lambda: runs(tmp_path / "mark"))
    worker.process.terminate()
    worker.wait_for("stopping: 1 tasks may go on")
    (tmp_path / "gate").touch()
    assert worker.process.wait(30) == 0
    assert logged(engine, task_id)[-1] == "after the commit"


def test_a_runner_lost_after_a_commit_costs_no_logs(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    worker = start.worker("--runners", "1", app=APP)
    task_id = submit_dying(engine)
    worker.wait_for(f"{task_id} tests.apps.together.commit stays succeeded, but after its commit")
    assert engine.get(task_id).status is Status.SUCCEEDED
    assert logged(engine, task_id) == ["before the commit", "in the commit"]


def submit_dying(engine: QueueEngine) -> str:
    arguments = encode_arguments([], {"dies": True}, limit=1000)
    return engine.submit(together.commit.name, arguments, together.commit.options)


# -- the state of the process --------------------------------------------------------------------


@sqlite_only
@pytest.mark.shared_worker
def test_the_process_is_restored_when_none_of_its_threads_runs_a_task(
    engine: QueueEngine, threads: StartThreads, tmp_path: Path
) -> None:
    threads(2)
    before = final(engine, submit(engine, together.look)).result
    beside = submit(engine, together.stand, str(tmp_path / "mark"), str(tmp_path / "gate"))
    eventually(lambda: runs(tmp_path / "mark"))
    folder = tmp_path / "folder"
    folder.mkdir()
    final(engine, submit(engine, together.change_process, str(folder)))
    changed = json.loads(final(engine, submit(engine, together.look)).result or "")
    assert changed == [str(folder), False, True]  # it could be what the other one has made of it
    (tmp_path / "gate").touch()
    final(engine, beside)
    assert final(engine, submit(engine, together.look)).result == before
