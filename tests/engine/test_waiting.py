"""A task may wait for another one, even where its worker has one runner."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from taskrow.engine.spares import MOST_WAITING
from tests.apps import waiting
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, submit

APP = "tests.apps.waiting:app"


def test_a_chain_of_children_ends_in_a_worker_with_one_runner(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    worker = start.worker("--runners", "1", app=APP)
    assert final(engine, submit(engine, waiting.chain, 5)).result == "5"
    assert final(engine, submit(engine, waiting.by_future, 1)).result == "[2, 3, 4]"
    assert final(engine, submit(engine, waiting.one_by_one, 20)).result == "210"
    assert worker.stop() == 0


def test_a_burst_ends_with_the_children(engine: QueueEngine, start: ProcessFactory) -> None:
    task_id = submit(engine, waiting.chain, 2)
    worker = start.worker("--runners", "1", "--burst", app=APP)
    assert worker.process.wait(30) == 0
    assert engine.get(task_id).result == "2"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # it starts many runners
def test_a_chain_that_is_too_deep_is_told_so(engine: QueueEngine, start: ProcessFactory) -> None:
    start.worker("--runners", "1", app=APP)
    task_id = submit(engine, waiting.chain, MOST_WAITING + 3)
    eventually(lambda: engine.get(task_id).status.final, seconds=90)
    task = engine.get(task_id)
    assert task.status is Status.FAILED
    assert "too many tasks of this worker wait already" in error_of(task)[1]


@pytest.mark.shared_worker
def test_while_it_waits_its_timeouts_go_on(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    start.worker("--runners", "1", app=APP)
    for_ever = submit(engine, waiting.wait_for_ever, str(gate))
    assert error_of(final(engine, for_ever))[0] == "TaskTimeout"
    gate.touch()
    assert final(engine, submit(engine, waiting.give_up, f"{gate}2")).result == '"gave up"'
    Path(f"{gate}2").touch()
    assert final(engine, submit(engine, waiting.add, 1, 2)).result == "3"


@pytest.mark.shared_worker
def test_when_the_wait_is_over_no_more_run_at_once_than_before(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    assert final(engine, submit(engine, waiting.chain, 3)).result == "3"
    mark, gate = tmp_path / "mark", tmp_path / "gate"
    ids = [submit(engine, waiting.stand, str(mark), str(gate)) for _ in range(4)]
    eventually(mark.exists)

    def running() -> int:  # what was claimed beside is given back when the first turns out long
        return [engine.get(task_id).status for task_id in ids].count(Status.RUNNING)

    eventually(lambda: running() == 1)
    assert len(mark.read_text().splitlines()) == 1
    gate.touch()
    assert all(final(engine, task_id).result == '"through"' for task_id in ids)
