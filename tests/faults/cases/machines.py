"""Machines that run out of memory, or come back after a restart."""

from __future__ import annotations

from pathlib import Path

from tests.faults.board import case
from tests.faults.cases.processes import Waiting
from tests.faults.cgroups import join, make_group
from tests.faults.scene import Scene, Watch, lines_of
from tests.support.processes import eventually

_LIMIT = 200 * 2**20


@case(16, "the kernel kills a task that takes too much memory", expected="failed; others run")
def out_of_memory(scene: Scene) -> str:
    group = make_group(_LIMIT)
    try:
        return _play_in(scene, group)
    finally:
        scene.start.end()
        eventually(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def _play_in(scene: Scene, group: Path) -> str:
    worker = scene.worker("--runners", "1")
    for process in (worker.pid, *_children(worker.pid)):
        join(group, process)
    greedy = scene.final(scene.submit("take_memory", 400, crash_limit=0))
    assert (greedy.status, scene.error(greedy.id)) == ("failed", "WorkerLost")
    assert scene.final(scene.submit("add", 20, 22)).result == "42"
    return f"failed: {greedy.error}; the next task ran"


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@case(13, "the machine restarts", expected="what ran is taken back at once, by any new worker")
def restarted(scene: Scene) -> str:
    before = scene.worker("--runners", "1")
    task = Waiting(scene)
    before.end_group()  # no process is left, nor any lock
    assert scene.task(task.id).status == "running"
    watch = Watch()
    scene.worker("--runners", "1")
    eventually(lambda: len(lines_of(task.mark)) == 2)
    assert task.go_on() == ("succeeded", 2, "2")
    return f"run again {watch.seconds:.1f} s after a worker was started (a lease of 30 s)"
