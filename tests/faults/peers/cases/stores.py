"""Producers, stores and disks that fail around a submit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench.remote import NoAnswer

from tests.faults.needs import Unavailable
from tests.faults.peers.board import portable
from tests.faults.peers.stage import ANSWER, Stage
from tests.faults.peers.stores import NotApplicable, Store
from tests.faults.peers.systems import POSTGRES
from tests.faults.peers.watching import PATIENCE, Gated, assert_succeeded, comes, pause
from tests.faults.scene import Watch, lines_of
from tests.support.processes import eventually

_TASKS = 50


def _server(stage: Stage) -> Store:
    """The store, where it is a server's."""
    if not stage.store.has_server:
        raise NotApplicable("there is no server: the file is all there is")
    return stage.store


@portable("kill -9 of the producer right after a submit", expected="the task is done")
def killed_producer(stage: Stage) -> str:
    producer = stage.start_agent()
    given = {"task": "add", "args": [20, 22], "delay": None}
    task_id = producer.ask_within(ANSWER, "submit", given)["id"]
    producer.end()
    stage.worker()
    return f"its result: {assert_succeeded(stage, task_id).result}"


@portable("kill -9 of the server while 50 tasks wait, and a start", expected="all of them are done")
def killed_server(stage: Stage) -> str:
    server, mark = _server(stage), stage.path("mark")
    for _ in range(_TASKS):
        stage.submit("note", str(mark))
    server.kill()
    server.start()
    stage.worker()
    comes(stage, lambda: len(lines_of(mark)) >= _TASKS)
    ran = len(lines_of(mark))
    assert ran == _TASKS, f"{ran} of {_TASKS} are left"
    return f"{ran} of {_TASKS}"


@portable(
    "kill -9 of the server while a producer submits, and a start 2 s later",
    expected="what was accepted is done; what was not, is said within 30 s; then it goes on",
)
def killed_while_submitting(stage: Stage) -> str:
    server, producer = _server(stage), _Producer(stage)
    producer.submit_until(lambda: producer.accepted_now >= 20)
    threading.Timer(0.05, server.kill).start()
    producer.submit_until(lambda: bool(producer.refused))
    pause(stage, 2.0)
    server.start()
    producer.accepted_now = 0
    producer.submit_until(lambda: producer.accepted_now >= 20)
    stage.worker()
    comes(stage, lambda: all(path.exists() for path in producer.accepted))
    lost = sum(not path.exists() for path in producer.accepted)
    seen = f"{len(producer.accepted)} accepted, {producer.refused} refused"
    seen += f" (at most {producer.longest:.1f} s a submit)"
    assert not lost, f"{seen}; {lost} that were accepted are gone"
    assert producer.longest < ANSWER, f"{seen}: a submit hung"
    return seen


class _Producer:
    """Submits one after the other; each task makes a file of its own."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.accepted: list[Path] = []
        self.accepted_now = self.refused = 0
        self.longest, self.why = 0.0, ""

    def submit_until(self, enough: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Until it is enough; AssertionError when it is not in time."""

        def look() -> bool:
            self.submit()
            return enough()

        eventually(look, seconds)

    def submit_many(self) -> str:
        """Fifty more, if it is not refused three times; what came of them."""
        self.accepted_now = 0
        while self.accepted_now < _TASKS and self.refused < 3:
            self.submit()
        return f"{self.accepted_now} accepted while it was full, {self.refused} refused"

    def submit(self) -> bool:
        """One more; whether it was accepted."""
        path = self._stage.path(f"task-{len(self.accepted) + self.refused}")
        watch = Watch()
        try:
            self._stage.submit("note", str(path))
        except NoAnswer as why:
            self.refused, self.why = self.refused + 1, str(why)
        else:
            self.accepted.append(path)
            self.accepted_now += 1
        self.longest = max(self.longest, watch.seconds)
        return self.accepted[-1:] == [path]


def _restart(stage: Stage, server: Store) -> None:
    server.kill()
    pause(stage, 2.0)
    server.start()


@portable(
    "kill -9 of the server below an idle worker, and a start 2 s later",
    expected="the worker takes the next task within 90 s",
)
def server_below_worker(stage: Stage) -> str:
    server, _ = _server(stage), stage.worker()
    assert_succeeded(stage, stage.submit("add", 20, 22))
    _restart(stage, server)
    ids: list[str] = []

    def is_accepted() -> bool:
        with suppress(NoAnswer):
            ids.append(stage.submit("add", 20, 22))
        return bool(ids)

    eventually(is_accepted, PATIENCE)
    watch = Watch()
    assert_succeeded(stage, ids[0])
    return f"done after {watch.seconds:.0f} s; {_who(stage)}"


@portable(
    "kill -9 of the server in the middle of a task, and a start 2 s later",
    expected="the task is told as done within 90 s",
)
def server_below_task(stage: Stage) -> str:
    server, _, task = _server(stage), stage.worker(), Gated(stage)
    _restart(stage, server)
    task.open()
    assert_succeeded(stage, task.id)
    return f"runs: {task.runs}; {task.status.words}; {_who(stage)}"


def _who(stage: Stage) -> str:
    return "the same worker" if stage.workers == 1 else "its worker had ended: a new one"


@portable(
    "the disk is full when tasks are submitted",
    expected="refused, or accepted and done; accepted again when there is room",
    number=25,
)
def full_disk(stage: Stage) -> str:
    if stage.system.store == POSTGRES:
        raise Unavailable("the server's files lie elsewhere")
    filling = stage.small_disk / "filling"
    producer = _Producer(stage)
    assert producer.submit(), f"refused before the disk was full: {producer.why}"
    _fill(filling)
    seen = producer.submit_many()
    filling.unlink()
    stage.store.keep_up()
    eventually(producer.submit, PATIENCE)
    stage.worker()
    comes(stage, lambda: all(path.exists() for path in producer.accepted))
    lost = sum(not path.exists() for path in producer.accepted)
    assert not lost, f"{seen}; {lost} that were accepted are gone"
    return f"{seen}; all that were accepted are done"


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0" * 65536)
    with path.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"\0")
