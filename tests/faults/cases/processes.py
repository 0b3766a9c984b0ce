"""Processes that are killed, stopped, or asked to end in the middle of a task."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.faults.board import case
from tests.faults.scene import SHORT_LEASE, Scene, Watch, lines_of
from tests.support.processes import eventually


class Waiting:
    """A task that has begun and waits at a gate."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self.mark, self._gate = scene.path("mark"), scene.path("gate")
        self.id = scene.submit("note_and_wait", str(self.mark), str(self._gate))
        self.wait_for_run(1)

    def wait_for_run(self, number: int) -> None:
        eventually(lambda: len(lines_of(self.mark)) == number, 60)  # twice a lease

    @property
    def process(self) -> int:
        """The process of its newest attempt."""
        return int(lines_of(self.mark)[-1].split()[1])

    def go_on(self) -> tuple[str, int, str | None]:
        """Open the gate; how it ended."""
        self._gate.touch()
        task = self._scene.final(self.id)
        return str(task.status), task.attempt, task.result


def _is_gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that nobody has waited for has)."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


@case(5, "kill -9 of a whole worker in the middle of a task", expected="runs again within 2 s")
def killed_worker(scene: Scene) -> str:
    victim = scene.worker("--runners", "1")
    task = Waiting(scene)
    scene.worker("--runners", "1")
    scene.final(scene.submit("add", 20, 22))  # by the second one: its runner is there
    watch = Watch()
    victim.end_group()
    task.wait_for_run(2)
    seconds = watch.seconds
    ended = task.go_on()
    assert ended == ("succeeded", 2, "2"), f"it ended as {ended}"
    assert seconds < 2.0, f"it was begun again only after {seconds:.2f} s"
    return f"begun again after {seconds:.2f} s; one result, of attempt 2"


@case(7, "kill -9 of the supervisor alone", expected="its runners die; the task runs again")
def killed_supervisor(scene: Scene) -> str:
    victim = scene.worker("--runners", "1")
    task = Waiting(scene)
    orphan = task.process
    scene.worker("--runners", "1")
    watch = Watch()
    victim.kill()
    eventually(lambda: _is_gone(orphan))
    died = watch.seconds
    task.wait_for_run(2)
    assert task.go_on() == ("succeeded", 2, "2")
    return f"the runner died after {died * 1000:.0f} ms; one result, of attempt 2"


@case(8, "SIGTERM in the middle of a task", expected="it finishes, or is released unharmed")
def polite_stop(scene: Scene) -> str:
    worker = scene.worker("--runners", "1", env={"FLASK_TASKROW_GRACE": "0.3"})
    task = Waiting(scene)
    assert worker.stop() == 0
    released = scene.task(task.id)
    assert (released.status, released.attempt) == ("queued", 0), released
    scene.worker("--runners", "1")
    task.wait_for_run(2)
    assert task.go_on() == ("succeeded", 1, "1")
    return "released after its grace time with its attempt given back; ran elsewhere"


@case(9, "SIGSTOP past the lease, then SIGCONT", expected="the zombie's result is refused")
def zombie(scene: Scene) -> str:
    sleeper = scene.worker("--runners", "1", env=SHORT_LEASE)
    task = Waiting(scene)
    os.killpg(sleeper.pid, signal.SIGSTOP)
    scene.worker("--runners", "1", env=SHORT_LEASE)
    task.wait_for_run(2)
    ended = task.go_on()
    os.killpg(sleeper.pid, signal.SIGCONT)
    sleeper.wait_for("its outcome is dropped")
    assert ended == ("succeeded", 2, "2")
    assert scene.task(task.id).result == "2"
    return "attempt 2 took over; what attempt 1 reported later was dropped"


@case(10, "every process is paused for three leases", expected="nothing expires, nothing twice")
def paused_machine(scene: Scene) -> str:
    workers = [scene.worker("--runners", "1", env=SHORT_LEASE) for _ in range(2)]
    task = Waiting(scene)
    for worker in workers:
        os.killpg(worker.pid, signal.SIGSTOP)
    watch = Watch()
    eventually(lambda: watch.seconds > 3)
    for worker in workers:
        os.killpg(worker.pid, signal.SIGCONT)
    eventually(lambda: watch.seconds > 4.5)  # time enough to take it away, if somebody would
    assert task.go_on() == ("succeeded", 1, "1")
    assert len(lines_of(task.mark)) == 1
    return "one attempt, one result"
