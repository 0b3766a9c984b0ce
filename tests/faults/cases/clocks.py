"""Clocks that jump."""

from __future__ import annotations

import os
import signal

from tests.faults.board import case
from tests.faults.cases.processes import Waiting
from tests.faults.scene import SHORT_LEASE, Scene, Shim, Watch, lines_of
from tests.support.processes import eventually

DAY = 86_400


def _jump(scene: Scene, seconds: int) -> tuple[Waiting, Watch]:
    """Two workers, one of them at work; the clock of both jumps."""
    shim = Shim("clock", scene)
    scene.worker("--runners", "1", env=SHORT_LEASE | shim.env)
    task = Waiting(scene)
    scene.worker("--runners", "1", env=SHORT_LEASE | shim.env)
    shim.set(str(seconds))
    return task, Watch()


@case(11, "the clock jumps a day ahead", expected="no lease expires, nothing runs twice")
def a_day_ahead(scene: Scene) -> str:
    task, watch = _jump(scene, DAY)
    eventually(lambda: watch.seconds > 2.5)
    assert task.go_on() == ("succeeded", 1, "1")
    assert len(lines_of(task.mark)) == 1
    return "one attempt, one result"


@case(12, "the clock jumps a day back, and a worker hangs", expected="reclaimed after one lease")
def a_day_back(scene: Scene) -> str:
    shim = Shim("clock", scene)
    sleeper = scene.worker("--runners", "1", env=SHORT_LEASE | shim.env)
    task = Waiting(scene)
    scene.worker("--runners", "1", env=SHORT_LEASE | shim.env)
    shim.set(str(-DAY))
    watch = Watch()
    os.killpg(sleeper.pid, signal.SIGSTOP)
    eventually(lambda: len(lines_of(task.mark)) == 2)
    seconds = watch.seconds
    assert seconds < 10, f"it took {seconds:.1f} s"
    assert task.go_on() == ("succeeded", 2, "2")
    return f"run again after {seconds:.1f} s (a lease of 1 s)"
