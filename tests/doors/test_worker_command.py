"""``worker``: what it runs, how it stops, what it says."""

from __future__ import annotations

import re
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from tests.doors.site import soon
from tests.support.processes import Process, ProcessFactory, eventually

BASIC = "tests.apps.basic"
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def submit(engine: QueueEngine, name: str, args: str = "{}", queue: str = "default") -> str:
    return engine.submit(f"{BASIC}.{name}", args, TaskOptions(queue=queue))


class Standing:
    """A worker with a task that runs until its gate is opened."""

    def __init__(self, engine: QueueEngine, worker: Process, place: Path) -> None:
        self.engine, self.worker, self.gate = engine, worker, place / "gate"
        mark = place / "mark"
        self.task_id = submit(engine, "write_and_wait", f'{{"args": ["{mark}", "{self.gate}"]}}')
        eventually(mark.exists)

    @property
    def row(self) -> Task:
        return self.engine.get(self.task_id)


def test_sigterm_lets_a_task_finish(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    standing = Standing(engine, start.worker("--runners", "1"), tmp_path)
    behind = submit(engine, "add", '{"args": [1, 2]}')
    standing.worker.send(signal.SIGTERM)
    standing.worker.wait_for("stopping: 1 tasks may go on for 30 s")
    assert standing.row.status is Status.RUNNING
    standing.gate.touch()
    assert standing.worker.process.wait(30) == 0
    assert (standing.row.status, standing.row.attempt) == (Status.SUCCEEDED, 1)
    assert engine.get(behind).attempt == 0  # nothing new is begun


def test_when_the_grace_is_over_the_task_is_given_back_unharmed(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    standing = Standing(engine, start.worker("--runners", "1", "--grace", "0.5"), tmp_path)
    began = time.monotonic()
    assert standing.worker.stop() == 0
    assert time.monotonic() - began > 0.5
    row = standing.row
    assert (row.status, row.attempt, row.error) == (Status.QUEUED, 0, None)
    standing.gate.touch()
    start.worker("--burst", "--runners", "1").process.wait(30)
    assert (standing.row.status, standing.row.attempt) == (Status.SUCCEEDED, 1)


@sqlite_only
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_it_at_once(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path, second: signal.Signals
) -> None:
    standing = Standing(engine, start.worker("--runners", "1", "--grace", "60"), tmp_path)
    standing.worker.send(signal.SIGTERM)
    standing.worker.wait_for("stopping: ")
    standing.worker.send(second)
    assert standing.worker.process.wait(30) == 0
    assert (standing.row.status, standing.row.attempt) == (Status.QUEUED, 0)


def test_it_runs_only_the_queues_that_it_is_given(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    ids = {
        queue: submit(engine, "add", '{"args": [1, 2]}', queue) for queue in ("a", "b", "c", "aa")
    }
    worker = start.worker("--queues", "a, b", "--runners", "1", "--burst")
    worker.wait_for("queues a, b")
    assert worker.process.wait(30) == 0
    statuses = {queue: engine.get(task_id).status for queue, task_id in ids.items()}
    assert statuses == {
        "a": Status.SUCCEEDED, "b": Status.SUCCEEDED, "c": Status.QUEUED, "aa": Status.QUEUED,
    }  # fmt: skip


@sqlite_only
def test_a_queue_that_is_named_twice_counts_once_and_no_name_is_refused(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    task_id = submit(engine, "add", '{"args": [1, 2]}', "a")
    worker = start.worker("--queues", "a,,a ,", "--runners", "1", "--burst")
    worker.wait_for("queues a, database")
    assert worker.process.wait(30) == 0
    assert engine.get(task_id).result == "3"
    refused = start.start("taskrow", "--app", f"{BASIC}:app", "worker", "--queues", " , ")
    assert refused.process.wait(30) == 2
    assert "name at least one queue" in refused.output()


@sqlite_only
def test_the_same_worker_starts_below_flask(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    task_id = submit(engine, "add", '{"args": [1, 2]}')
    worker = start.start("flask", "--app", f"{BASIC}:app", "tasks", "worker", "--burst")
    assert worker.process.wait(30) == 0
    assert engine.get(task_id).result == "3"
    assert "Traceback" not in worker.output()


@sqlite_only
def test_its_log_says_what_happens_in_utc(engine: QueueEngine, start: ProcessFactory) -> None:
    well = submit(engine, "add", '{"args": [1, 2]}')
    badly = submit(engine, "boom")
    worker = start.worker("--burst", "--runners", "1", env={"TZ": "Asia/Tokyo"})
    assert worker.process.wait(30) == 0
    log = worker.output()
    for words in (
        f"{well} {BASIC}.add started, attempt 1, waited ",
        f"{well} {BASIC}.add succeeded in ",
        f"ERROR   {badly} {BASIC}.boom failed after ",
        "ValueError: boom",
    ):
        assert words in log
    assert "Traceback" not in log  # it is in the row
    times = re.findall(r"^(\S+Z) ", log, re.MULTILINE)
    assert abs(datetime.fromisoformat(times[-1]) - datetime.now(UTC)) < timedelta(minutes=1)


@sqlite_only
def test_its_log_can_be_quiet_and_its_application_come_from_the_environment(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    task_id = submit(engine, "add", '{"args": [1, 2]}')
    env = {"FLASK_APP": f"{BASIC}:app"}
    worker = start.start("taskrow", "worker", "--burst", "--log-level", "warning", env=env)
    assert worker.process.wait(30) == 0
    assert engine.get(task_id).result == "3"
    assert worker.output() == ""


@sqlite_only
def test_a_burst_does_not_wait_for_later(engine: QueueEngine, start: ProcessFactory) -> None:
    later = engine.submit(
        f"{BASIC}.add",
        '{"args": [1, 2]}',
        TaskOptions(),
        run_at=engine.clock() + timedelta(hours=1),
    )
    assert start.worker("--burst", "--runners", "1").process.wait(30) == 0
    assert engine.get(later).status is Status.SCHEDULED


@sqlite_only
@pytest.mark.empty_database
def test_a_worker_may_come_before_the_database_is_there(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    start.worker("--runners", "1")
    task_id = submit(engine, "add", '{"args": [1, 2]}')
    assert soon(lambda: engine.get(task_id).result) == "3"
