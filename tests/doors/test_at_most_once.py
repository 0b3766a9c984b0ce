"""``at_most_once``: what was begun is never begun again because a worker went away."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.apps import options
from tests.support.processes import Process, ProcessFactory, eventually
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.options:app"


class Charging:
    """A worker that runs a charge which does not end by itself."""

    def __init__(self, engine: QueueEngine, worker: Process, place: Path) -> None:
        self.engine, self.worker, self.mark = engine, worker, place / "mark"
        self.gate = place / "gate"
        self.task_id = submit(engine, options.charge, str(self.mark), str(self.gate))
        eventually(lambda: runs(self.mark))

    def assert_failed(self, words: str) -> None:
        task = final(self.engine, self.task_id)
        kind, message = error_of(task)
        assert (task.status, task.attempt, kind) == (Status.FAILED, 1, "WorkerLost")
        assert words in message
        assert runs(self.mark) == 1


def test_a_killed_worker_fails_the_task(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    charging = Charging(engine, start.worker("--runners", "1", app=APP), tmp_path)
    charging.worker.kill()
    charging.gate.touch()  # whoever ran it again would end at once
    start.worker("--runners", "1", app=APP)
    charging.assert_failed("its worker")


@pytest.mark.parametrize("grace", ["0", "0.3"])
def test_a_worker_that_stops_fails_the_task_rather_than_give_it_back(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path, grace: str
) -> None:
    charging = Charging(engine, start.worker("--runners", "1", "--grace", grace, app=APP), tmp_path)
    assert charging.worker.stop() == 0
    charging.assert_failed("its worker was stopped while it ran, and it may run only once")


def test_what_it_had_not_begun_it_gives_back(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    worker = start.worker("--runners", "1", "--grace", "0", app=APP)
    charging = Charging(engine, worker, tmp_path)
    other = submit(engine, options.charge, str(tmp_path / "other"), str(charging.gate))
    assert worker.stop() == 0
    assert (engine.get(other).status, engine.get(other).attempt) == (Status.QUEUED, 0)
    charging.gate.touch()
    start.worker("--runners", "1", app=APP)
    assert final(engine, other).result == '"charged"'


def test_an_exception_is_still_retried_where_that_was_asked_for(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    task_id = submit(engine, options.charge_or_try_again, str(tmp_path / "mark"))
    assert final(engine, task_id).result == '"charged"'
    assert runs(tmp_path / "mark") == 2
