"""Fair shares: short tasks, long ones and those of low priority all come to their turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from taskrow.storage.submit import submit
from tests.support.processes import ProcessFactory, eventually

APP = "tests.apps.basic"


def put(engine: QueueEngine, *calls: tuple[str, str], priority: int = 0) -> list[str]:
    """Submit calls (name, JSON arguments) in one transaction."""
    now = engine.clock()
    new = [
        engine.new_task(f"{APP}.{name}", args, TaskOptions(priority=priority), now=now)
        for name, args in calls
    ]
    engine.database.write(lambda c: [submit(c, task, now=now) for task in new])
    return [task.id for task in new]


def short(number: int) -> tuple[str, str]:
    return "add", f'{{"args": [{number}, 1]}}'


def ended(engine: QueueEngine, ids: list[str]) -> list[Task]:
    """The tasks, when all of them are over."""
    return [eventually(lambda one=one: _if_over(engine, one)) for one in ids]  # type: ignore[misc]


def _if_over(engine: QueueEngine, task_id: str) -> Task | None:
    task = engine.get(task_id)
    return task if task.status.final else None


@pytest.mark.parametrize("options", [["--runners", "2"], ["--runners", "1", "--threads", "2"]])
def test_a_long_task_holds_no_short_ones_hostage(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path, options: list[str]
) -> None:
    start.worker(*options)
    ended(engine, put(engine, *map(short, range(200))))  # from now on they come in batches
    long = "write_and_wait", f'{{"args": ["{tmp_path / "mark"}", "{tmp_path / "gate"}"]}}'
    [held, *others] = put(engine, long, *map(short, range(200)))
    assert {task.status for task in ended(engine, others)} == {Status.SUCCEEDED}
    assert {task.attempt for task in ended(engine, others)} == {1}, "taken back unharmed"
    assert engine.get(held).status is Status.RUNNING
    (tmp_path / "gate").touch()
    assert ended(engine, [held])[0].attempt == 1


def test_what_one_worker_cannot_begin_another_does(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    first = start.worker("--runners", "1")
    ended(engine, put(engine, *map(short, range(200))))
    long = "write_and_wait", f'{{"args": ["{tmp_path / "mark"}", "{tmp_path / "gate"}"]}}'
    [held, *others] = put(engine, long, *map(short, range(50)))
    eventually((tmp_path / "mark").exists)
    start.worker("--runners", "1")
    assert {task.status for task in ended(engine, others)} == {Status.SUCCEEDED}
    assert engine.get(held).status is Status.RUNNING
    (tmp_path / "gate").touch()
    ended(engine, [held])
    assert first.stop() == 0


def test_low_priority_comes_to_its_turn_among_many_of_high_priority(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    [low] = put(engine, short(0), priority=-5)
    [middle] = put(engine, short(0), priority=3)
    high = put(engine, *map(short, range(400)), priority=9)
    start.worker("--runners", "1")
    last = max(str(task.started_at) for task in ended(engine, high))
    for task in ended(engine, [low, middle]):
        assert str(task.started_at) < last
