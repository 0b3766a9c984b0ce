"""The worker as its user meets it: a real process on a real database."""

from __future__ import annotations

import pytest

from taskrow import PlatformError
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Task
from taskrow.engine.platforms import check_worker_platform
from taskrow.engine.queue import QueueEngine
from tests.support.processes import ProcessFactory, eventually

APP = "tests.apps.basic"


def submit(engine: QueueEngine, name: str, args: str = "{}", **options: int | str) -> str:
    return engine.submit(f"{APP}.{name}", args, TaskOptions(**options))  # type: ignore[arg-type]


def final(engine: QueueEngine, task_id: str) -> Task:
    def look() -> Task | None:
        task = engine.get(task_id)
        return task if task.status.final else None

    found = eventually(look)
    assert found is not None
    return found


def test_a_worker_runs_what_was_submitted_before_and_after_it_started(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    before = submit(engine, "add", '{"args": [1, 2]}')
    start.worker()
    after = submit(engine, "add", '{"args": [3, 4]}')
    assert [final(engine, before).result, final(engine, after).result] == ["3", "7"]


def test_burst_ends_when_nothing_is_left(engine: QueueEngine, start: ProcessFactory) -> None:
    ids = [submit(engine, "add", f'{{"args": [{n}, 1]}}') for n in range(50)]
    worker = start.worker("--burst", "--runners", "2")
    assert worker.process.wait(30) == 0
    assert [engine.get(task_id).result for task_id in ids] == [str(n + 1) for n in range(50)]


def test_a_system_without_locks_on_files_is_refused_in_a_sentence() -> None:
    check_worker_platform("posix")
    with pytest.raises(PlatformError, match="on Windows run it in WSL"):
        check_worker_platform("nt")
