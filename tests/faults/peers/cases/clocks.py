"""The wall clock of the whole machine jumps."""

from __future__ import annotations

from tests.faults.peers.board import portable
from tests.faults.peers.stage import Stage
from tests.faults.peers.watching import Gated, assert_succeeded, comes, pause
from tests.faults.scene import Watch, lines_of

HOUR = 3600


@portable(
    "a task is set for in an hour; the clock jumps two hours ahead",
    expected="it runs within 90 s, once",
)
def due_by_a_jump(stage: Stage) -> str:
    clock, mark = stage.clock, stage.path("mark")
    stage.worker()
    task_id = stage.submit("note", str(mark), delay=HOUR)
    pause(stage, 5.0)
    assert not lines_of(mark), "it ran before its time"
    clock.set(str(2 * HOUR))
    assert comes(stage, lambda: bool(lines_of(mark))), f"not run: {stage.status(task_id).words}"
    pause(stage, 5.0)
    runs = len(lines_of(mark))
    assert runs == 1, f"runs: {runs}"
    return "runs: 1"


@portable(
    "the clock jumps a day ahead in the middle of a task; two workers",
    expected="it runs once",
    number=11,
)
def a_day_ahead(stage: Stage) -> str:
    clock = stage.clock
    stage.worker()
    task = Gated(stage)
    stage.worker()
    clock.set(str(24 * HOUR))
    pause(stage, 15.0)
    task.open()
    assert_succeeded(stage, task.id)
    assert task.runs == 1, f"runs: {task.runs}"
    return "runs: 1"


@portable(
    "the clock is set back a day in the middle of a task; kill -9 of the worker; a new one",
    expected="by itself it is begun again within 90 s",
    number=12,
)
def a_day_back(stage: Stage) -> str:
    clock, worker = stage.clock, stage.worker()
    task = Gated(stage)
    clock.set(str(-24 * HOUR))
    pause(stage, 5.0)  # time enough for a lease to be renewed
    watch = Watch()
    stage.kill(worker)
    stage.worker()
    return task.runs_again(watch)
