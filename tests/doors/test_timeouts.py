"""Timeouts: the hard one ends the process, the soft one is an exception; others are unharmed."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from taskrow import AsyncResult, SoftTimeout, TaskFailed, TaskFunction
from taskrow.domain.task import Status
from taskrow.engine.alarm import SoftLimit
from taskrow.engine.queue import QueueEngine
from tests.apps import options
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.options:app"
TOO_LONG = ("TaskTimeout", "it ran longer than its timeout of 1 s and was ended")
SOFTLY = ("SoftTimeout", "it has run longer than its soft_timeout of 0.1 s")


@pytest.mark.parametrize("function", [options.hold_the_interpreter, options.sleep_long])
@pytest.mark.shared_worker
def test_what_overstays_its_timeout_is_ended_whatever_it_does(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path, function: TaskFunction[..., Any]
) -> None:
    worker = start.worker("--runners", "1", app=APP)
    task_id = submit(engine, function, str(tmp_path / "mark"))
    with pytest.raises(TaskFailed, match="timeout of 1 s") as failed:
        AsyncResult(task_id, engine).get(30)
    assert failed.value.type == "TaskTimeout"
    task = final(engine, task_id)
    assert (task.status, task.attempt, error_of(task)) == (Status.FAILED, 1, TOO_LONG)
    assert runs(tmp_path / "mark") == 1
    assert task.started_at is not None
    assert task.finished_at is not None
    assert 1 <= (task.finished_at - task.started_at).total_seconds() < 10
    assert final(engine, submit(engine, options.add, 1, 2)).result == "3"
    worker.wait_for(f"{task_id} {function.name} failed after ")


def test_what_waits_behind_it_goes_back_unharmed(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    before = [submit(engine, options.add, number, 1) for number in range(100)]
    hog = submit(engine, options.hold_the_interpreter, str(tmp_path / "mark"))
    behind = [submit(engine, options.add, number, 1) for number in range(100)]
    start.worker("--runners", "1", app=APP)
    assert error_of(final(engine, hog)) == TOO_LONG
    others = [final(engine, task_id) for task_id in before + behind]
    assert {(task.status, task.attempt) for task in others} == {(Status.SUCCEEDED, 1)}
    assert runs(tmp_path / "mark") == 1


@pytest.mark.shared_worker
def test_a_timeout_is_retried_when_retries_are_left(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    task_id = submit(engine, options.slow_at_first, str(tmp_path / "mark"))
    start.worker("--runners", "1", app=APP)
    task = final(engine, task_id)
    assert (task.status, task.attempt, task.result) == (Status.SUCCEEDED, 2, '"in time"')


def test_a_stopping_worker_keeps_to_the_timeouts(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    worker = start.worker("--runners", "1", "--grace", "60", app=APP)
    task_id = submit(engine, options.sleep_long, str(tmp_path / "mark"))
    eventually(lambda: runs(tmp_path / "mark"))
    assert worker.stop() == 0
    assert error_of(engine.get(task_id)) == TOO_LONG


@pytest.mark.shared_worker
def test_a_soft_timeout_is_an_exception_in_the_task(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    mark = tmp_path / "mark"
    spinning = final(engine, submit(engine, options.spin))
    assert (spinning.status, error_of(spinning)) == (Status.FAILED, SOFTLY)
    assert "in spin" in (spinning.traceback or "")
    cleaned = final(engine, submit(engine, options.clean_up, str(mark)))
    assert (cleaned.status, cleaned.result) == (Status.SUCCEEDED, '"half done"')
    assert runs(mark) == 1


@pytest.mark.shared_worker
def test_a_task_that_swallows_it_hears_it_once_and_is_ended_by_the_hard_one(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, options.swallow, str(tmp_path / "mark")))
    assert error_of(task) == TOO_LONG
    assert runs(tmp_path / "mark") == 1


@pytest.mark.shared_worker
def test_the_alarm_never_cuts_a_report_in_two(engine: QueueEngine, start: ProcessFactory) -> None:
    worker = start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, options.chatter))
    assert (task.attempt, error_of(task)) == (1, SOFTLY)
    assert final(engine, submit(engine, options.add, 1, 2)).result == "3"
    assert "Traceback" not in worker.output()


@pytest.mark.shared_worker
def test_a_task_that_disturbs_the_alarm_does_so_for_itself_alone(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    disturbed = final(engine, submit(engine, options.disturb_the_alarm, str(tmp_path / "mark")))
    assert disturbed.status is Status.SUCCEEDED
    assert error_of(final(engine, submit(engine, options.spin))) == SOFTLY
    assert final(engine, submit(engine, options.quick, 5)).result == "5"
    assert runs(tmp_path / "mark") == 0


def test_where_no_alarm_can_ring_it_is_heard_at_the_next_report() -> None:
    heard: list[BaseException] = []
    reports: list[str] = []

    def work() -> None:  # in a thread that is not the main one
        with SoftLimit(0.05) as limit:
            check, report = limit.checking(lambda: None), limit.reporting(reports.append)
            check()
            report("in time")
            time.sleep(0.05)
            try:
                check()
            except SoftTimeout as error:
                heard.append(error)
            check()  # once is enough
            report("after")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [str(error) for error in heard] == ["it has run longer than its soft_timeout of 0.05 s"]
    assert reports == ["in time", "after"]
