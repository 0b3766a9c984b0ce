"""Tasks that do what no task should do to the process that runs them."""

from __future__ import annotations

from tests.faults.peers.board import portable
from tests.faults.peers.clients.client import FAILED, SUCCEEDED, UNKNOWN, Status
from tests.faults.peers.new import OLD
from tests.faults.peers.stage import Stage
from tests.faults.peers.watching import (
    PATIENCE,
    Gated,
    assert_succeeded,
    comes,
    happens,
    pause,
    settled,
)
from tests.faults.scene import Watch, lines_of

TOLD = "told as failed within 90 s; the worker goes on"
LIMITED = "ended, and told as failed within 120 s (the limit is 2 s)"


def _lives(stage: Stage) -> str:
    """The next task is done, by the same worker."""
    pause(stage, 3.0)  # it may be about to end
    assert_succeeded(stage, stage.submit("add", 20, 22))
    assert stage.workers == 1, "its whole worker has ended, and was started again"
    return "the next task ran"


def _failing(stage: Stage, task: str, *args: object, seconds: float = PATIENCE) -> str:
    """Run one bad task, and a good one after it."""
    stage.worker()
    mark = stage.path("mark")
    task_id, watch = stage.submit(task, str(mark), *args), Watch()
    status = settled(stage, task_id, seconds)
    told = f"{status.words} after {watch.seconds:.0f} s; runs: {len(lines_of(mark))}"
    assert status.state == FAILED, f"not told: {told}; workers: {stage.workers}"
    return f"{told}; {_lives(stage)}"


@portable("the task calls os._exit(0)", expected=TOLD, number=15)
def quiet_exit(stage: Stage) -> str:
    return _failing(stage, "end_process", "exit")


@portable("the task segfaults", expected=TOLD, number=14)
def segfault(stage: Stage) -> str:
    return _failing(stage, "end_process", "SIGSEGV")


@portable("the task loops for ever, in Python", expected=LIMITED, number=17)
def endless_loop(stage: Stage) -> str:
    return _failing(stage, "loop_for_ever", seconds=120)


@portable("the task hangs in C and holds the interpreter", expected=LIMITED)
def endless_call(stage: Stage) -> str:
    return _failing(stage, "block_for_ever", seconds=120)


@portable("the task recurses for ever", expected=TOLD, number=19)
def recursion(stage: Stage) -> str:
    return _failing(stage, "recurse")


@portable("an exception whose str() raises", expected=TOLD, number=22)
def unprintable(stage: Stage) -> str:
    return _failing(stage, "raise_unprintable")


@portable("the task raises SystemExit", expected=TOLD, number=23)
def system_exit(stage: Stage) -> str:
    return _failing(stage, "leave")


@portable(
    "the result can be no JSON and no pickle",
    expected="told within 90 s, and not run again",
    number=20,
)
def lost_result(stage: Stage) -> str:
    stage.worker()
    mark = stage.path("mark")
    task_id = stage.submit("give_lock", str(mark))
    status = settled(stage, task_id)
    said = f"{status.words} {status.result or ''}".strip()
    told = status.state == FAILED or "nserializable" in said
    assert told, f"not told: {said}"
    runs = len(lines_of(mark))
    assert runs == 1, f"told as {said} after {runs} runs"
    return f"{said}; {_lives(stage)}"


@portable(
    "another task of the same worker ends its process (SIGKILL)",
    expected="a task that runs beside it runs once, and is done",
)
def neighbour(stage: Stage) -> str:
    stage.worker(at_once=2)
    task, mark = Gated(stage), stage.path("mark")
    stage.submit("end_process", str(mark), "SIGKILL")
    if not happens(lambda: bool(lines_of(mark)), PATIENCE):
        return _stood_behind(task)
    pause(stage, 5.0)
    task.open()
    status = settled(stage, task.id)
    ended = "; its whole worker has ended" if stage.workers > 1 else ""
    seen = f"runs: {task.runs}; {status.words}{ended}"
    assert (status.state, task.runs) == (SUCCEEDED, 1), seen
    return seen


def _stood_behind(task: Gated) -> str:
    raise AssertionError(f"the second task did not begin beside the first: {task.status.words}")


@portable(
    "a poison task ends the process that runs it each time; workers are started again",
    expected="the next task is done within 90 s; it is not run for ever",
)
def poison(stage: Stage) -> str:
    stage.worker()
    mark = stage.path("mark")
    bad = stage.submit("end_process", str(mark), "SIGKILL")
    good = stage.submit("add", 20, 22)
    done = comes(stage, lambda: stage.status(good).state == SUCCEEDED)
    comes(stage, lambda: stage.status(bad).state == FAILED, PATIENCE / 2)
    runs, status = len(lines_of(mark)), stage.status(bad)
    seen = f"runs: {runs}; workers: {stage.workers}; {status.words}"
    assert done, f"the next task is not done; {seen}"
    assert status.state == FAILED or _is_gone(stage, bad, status, runs), seen
    return seen


def _is_gone(stage: Stage, task_id: str, status: Status, runs: int) -> bool:
    """Whether there is no trace of it, and it does not come back."""
    return status.state == UNKNOWN and not comes(
        stage, lambda: len(lines_of(stage.path("mark"))) > runs, 15.0
    )


@portable(
    "a task of the new version meets a worker of the old one; 5 s later a new worker",
    expected="the new worker does it within 90 s",
    number=24,
)
def unknown_name(stage: Stage) -> str:
    old, mark = stage.worker(environment={OLD: "1"}), stage.path("mark")
    task_id = stage.submit("of_the_new_version", str(mark))
    pause(stage, 5.0)
    met = stage.status(task_id).words
    stage.kill(old)
    stage.worker()
    assert not lines_of(mark)
    status = settled(stage, task_id)
    assert status.state == SUCCEEDED, f"not done; with the old worker: {met}"
    return f"done; with the old worker: {met}"
