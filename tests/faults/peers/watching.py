"""What the cases watch: a task until it is over, and whether it is begun again."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.faults.peers.clients.client import FAILED, SUCCEEDED, Status
from tests.faults.peers.stage import Stage
from tests.faults.scene import Watch, lines_of
from tests.support.processes import eventually

PATIENCE = 90.0  # seconds in which a system must come round by itself
OVER = (SUCCEEDED, FAILED)


def happens(look: Callable[[], bool], seconds: float) -> bool:
    """Whether it does within so many seconds. A look may be dear: there are ten a second."""
    watch = Watch()
    while not look():
        if watch.seconds > seconds:
            return False
        threading.Event().wait(0.1)
    return True


def comes(stage: Stage, look: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it happens within so many seconds, while a process manager keeps workers up."""

    def kept_up() -> bool:
        stage.keep_up()
        return look()

    return happens(kept_up, seconds)


def pause(stage: Stage, seconds: float) -> None:
    """Let time go by: it is what the case is about."""
    comes(stage, lambda: False, seconds * stage.system.pace)


def settled(stage: Stage, task_id: str, seconds: float = PATIENCE) -> Status:
    """What is told of a task once it is over, or when the time is."""
    comes(stage, lambda: stage.status(task_id).state in OVER, seconds)
    return stage.status(task_id)


def assert_succeeded(stage: Stage, task_id: str, seconds: float = PATIENCE) -> Status:
    """It must be told as done."""
    status = settled(stage, task_id, seconds)
    assert status.state == SUCCEEDED, f"not done after {seconds:g} s: {status.words}"
    return status


class Gated:
    """A task that has begun and waits at a gate; its result is the number of its run."""

    def __init__(self, stage: Stage, name: str = "task") -> None:
        self._stage = stage
        self._mark, self._gate = stage.path(f"{name}.mark"), stage.path(f"{name}.gate")
        self.id = stage.submit("note_and_wait", str(self._mark), str(self._gate))
        eventually(lambda: self.runs == 1, PATIENCE)

    @property
    def runs(self) -> int:
        return len(lines_of(self._mark))

    @property
    def process(self) -> int:
        """The process of its newest run."""
        return int(lines_of(self._mark)[-1])

    @property
    def status(self) -> Status:
        return self._stage.status(self.id)

    def open(self) -> None:
        """Let it go on."""
        self._gate.touch()

    def runs_again(self, watch: Watch) -> str:
        """It must be begun again by itself, and come to its end. watch: since the fault."""
        comes(self._stage, self._is_decided, PATIENCE - watch.seconds)
        seconds = watch.seconds
        assert self.runs > 1, f"not begun again; it says: {self.status.words}"
        self.open()
        assert_succeeded(self._stage, self.id)
        return f"begun again after {seconds:.1f} s, and done"

    def _is_decided(self) -> bool:
        return self.runs > 1 or self.status.state == FAILED
