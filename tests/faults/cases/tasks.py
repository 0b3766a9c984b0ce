"""Tasks that do what no task should do to the process that runs them."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path

from taskrow.domain.task import Task
from taskrow.engine.clock import utc_now
from tests.faults.board import case
from tests.faults.scene import SHORT_LEASE, Scene, Shim, lines_of
from tests.support.processes import eventually

_LEASE = float(SHORT_LEASE["FLASK_TASKROW_LEASE"])


def _worker_lives(scene: Scene) -> None:
    """A plain task runs, after whatever was done to the worker."""
    assert scene.final(scene.submit("add", 20, 22)).result == "42"


def _play(scene: Scene, name: str, *args: object, **options: object) -> Task:
    """Run one bad task, and a good one after it, in a worker with one runner."""
    scene.worker("--runners", "1")
    task = _end_of(scene, scene.submit(name, *args, **options))
    _worker_lives(scene)
    return task


def _end_of(scene: Scene, task_id: str) -> Task:
    try:
        return scene.final(task_id)
    except AssertionError as error:
        raise AssertionError(f"it is still {scene.task(task_id).status}: {error}") from None


def _ending_process(scene: Scene, how: str) -> str:
    mark = scene.path("mark")
    scene.worker("--runners", "1")
    task_id = scene.submit("end_process", how, str(mark), crash_limit=1)
    eventually(lambda: scene.task(task_id).status.final or len(lines_of(mark)) > 2)
    assert lines_of(mark) == ["1", "2"], f"it was begun as {lines_of(mark)}"
    _worker_lives(scene)
    task = scene.task(task_id)
    ended = (task.status, task.attempt, scene.error(task.id))
    assert ended == ("failed", 2, "WorkerLost"), f"it ended as {ended}"
    return f"two attempts, then failed: {task.error}"


@case(14, "the task segfaults", expected="fails after its attempts; the worker lives")
def segfault(scene: Scene) -> str:
    return _ending_process(scene, "SIGSEGV")


@case(15, "the task calls os._exit(0)", expected="failed, not done")
def quiet_exit(scene: Scene) -> str:
    return _ending_process(scene, "exit")


@case(17, "the task loops for ever", expected="ended at its timeout; failed")
def endless(scene: Scene) -> str:
    task = _play(scene, "loop_for_ever")
    ended = (task.status, scene.error(task.id))
    assert ended == ("failed", "TaskTimeout"), f"it ended as {ended}"
    return f"failed after its timeout: {task.error}"


@case(18, "C code holds the interpreter for three leases", expected="no lease expires")
def held_interpreter(scene: Scene) -> str:
    for _ in range(2):
        scene.worker("--runners", "1", env=SHORT_LEASE)
    task = scene.final(scene.submit("hold_the_interpreter", 3 * _LEASE))
    assert (task.status, task.attempt) == ("succeeded", 1)
    held = float(task.result or 0)
    assert held > 2.9 * _LEASE, f"it was held for {held:.2f} s"
    return f"one attempt; one call of {held:.1f} s that let nobody else run"


@case(19, "the task recurses for ever", expected="failed, with a traceback that is not endless")
def recursion(scene: Scene) -> str:
    task = _play(scene, "recurse")
    assert (task.status, scene.error(task.id)) == ("failed", "RecursionError")
    assert len(task.traceback or "") <= 64 * 1024
    return f"failed; a traceback of {len(task.traceback or '')} characters"


@case(20, "the result is not JSON", expected="failed, and not run again")
def not_json(scene: Scene) -> str:
    task = _play(scene, "give_back", "object", retries=3)
    assert (task.status, task.attempt) == ("failed", 1)
    return f"failed at once: {task.error}"


@case(21, "the result is 50 MB", expected="failed; nobody's memory grows by much")
def huge_result(scene: Scene) -> str:
    worker = scene.worker("--runners", "1")
    before = _resident(worker.pid)
    task = scene.final(scene.submit("give_back", "huge"))
    _worker_lives(scene)
    grown = _resident(worker.pid) - before
    assert task.status == "failed"
    assert grown < 20, f"the supervisor has grown by {grown} MiB"
    return f"failed: {scene.error(task.id)}; the supervisor grew by {grown} MiB"


@case(22, "an exception whose str() raises", expected="failed, with the name of its type")
def unprintable(scene: Scene) -> str:
    task = _play(scene, "raise_it", "Unprintable")
    assert task.status == "failed"
    assert "Unprintable" in scene.error(task.id)
    return f"failed: {task.error}"


@case(23, "SystemExit and KeyboardInterrupt", expected="failed; the worker lives")
def exits(scene: Scene) -> str:
    scene.worker("--runners", "1")
    for kind in ("SystemExit", "KeyboardInterrupt"):
        task = scene.final(scene.submit("raise_it", kind))
        assert (task.status, scene.error(task.id)) == ("failed", kind)
    _worker_lives(scene)
    return "both failed with their names"


@case(24, "a task that no worker knows", expected="stays visible, runs when one knows it")
def unknown(scene: Scene) -> str:
    before = scene.worker("--runners", "1")
    task_id = scene.engine.submit("tests.faults.later.hello", "{}", scene.options())
    before.wait_for("UnknownTask")
    put_back = scene.task(task_id)
    where = (str(put_back.status), put_back.attempt)
    assert where == ("scheduled", 0), f"it is not put back, but {where}"
    assert before.stop() == 0, before.output()
    deployed, seconds = _clock_when(scene, put_back.run_at)
    scene.start.worker("--runners", "1", app="tests.faults.later:app", env=deployed)
    task = scene.final(task_id)
    assert (task.status, task.attempt, task.result) == ("succeeded", 1, '"hello"'), task
    return (
        f"put back for {seconds:.0f} s, with the reason in its row: {put_back.error}; "
        "run by the first worker that knows it, as attempt 1"
    )


def _clock_when(scene: Scene, due: datetime) -> tuple[dict[str, str], float]:
    """The environment of a worker whose clock is past that time, so that nobody waits for it."""
    seconds = (due - utc_now()).total_seconds()
    shim = Shim("clock", scene)
    shim.set(str(math.ceil(seconds) + 1))
    return shim.env, seconds


def _resident(pid: int) -> int:
    """MiB that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 // 2**20
