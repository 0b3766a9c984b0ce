"""Workers that are killed, stopped, or asked to end in the middle of a task."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.faults.peers.board import portable
from tests.faults.peers.processes import Family
from tests.faults.peers.stage import Stage
from tests.faults.peers.stores import NotApplicable
from tests.faults.peers.watching import PATIENCE, Gated, assert_succeeded, comes, happens, pause
from tests.faults.scene import Watch, lines_of
from tests.support.processes import eventually

_SOME = 30.0  # seconds of a lease, where a system has none
DOCKER_STOP = 10.0  # seconds between SIGTERM and SIGKILL
AGAIN = "by itself it is begun again within 90 s"


def _runs_again_in_a_new_one(stage: Stage, worker: Family, task: Gated) -> str:
    watch = Watch()
    stage.kill(worker)
    stage.worker()
    return task.runs_again(watch)


@portable("kill -9 of a whole worker in the middle of a task; a new one", expected=AGAIN, number=5)
def killed_worker(stage: Stage) -> str:
    worker, task = stage.worker(), Gated(stage)
    return _runs_again_in_a_new_one(stage, worker, task)


@portable(
    "kill -9 of the worker's parent process alone; a new one",
    expected="the task is told as done within 90 s",
    number=7,
)
def killed_parent(stage: Stage) -> str:
    worker, task = stage.worker(), Gated(stage)
    if task.process == worker.first.pid:
        raise NotApplicable("its worker is one process")
    orphan, watch = Path(f"/proc/{task.process}"), Watch()
    worker.first.kill()
    stage.keep_up()
    if not happens(lambda: not orphan.exists() or task.runs > 1, 5.0):
        task.open()
        assert_succeeded(stage, task.id)
        return f"the orphan ended it; runs: {task.runs}"
    return task.runs_again(watch)


@portable("kill -9 of the process that runs a task (out of memory)", expected=AGAIN)
def killed_runner(stage: Stage) -> str:
    stage.worker()
    task, watch = Gated(stage), Watch()
    os.kill(task.process, signal.SIGKILL)
    return task.runs_again(watch)


@portable(
    "SIGTERM to a worker whose task needs 3 s more, then a new worker",
    expected="the task is finished, or given back and done by the new one within 90 s",
    number=8,
)
def short_stop(stage: Stage) -> str:
    worker, task = stage.worker(), Gated(stage)
    worker.first.send(signal.SIGTERM)
    happens(lambda: False, 3.0 * stage.system.pace)
    task.open()
    ended = happens(lambda: worker.has_ended, DOCKER_STOP)
    stage.kill(worker)
    stage.worker()
    assert_succeeded(stage, task.id)
    how = "ended by itself" if ended else f"did not end in {DOCKER_STOP:g} s"
    return f"runs: {task.runs}; the worker {how}"


@portable(
    "SIGTERM, and SIGKILL 10 s later (`docker stop`), in a task that takes longer", expected=AGAIN
)
def docker_stop(stage: Stage) -> str:
    worker, task = stage.worker(), Gated(stage)
    worker.first.send(signal.SIGTERM)
    happens(lambda: worker.has_ended, DOCKER_STOP * stage.system.pace)
    return _runs_again_in_a_new_one(stage, worker, task)


@portable("a worker hangs (SIGSTOP) in the middle of a task; a second one works", expected=AGAIN)
def hung_worker(stage: Stage) -> str:
    worker, task = stage.worker(), Gated(stage)
    watch = Watch()
    worker.send_all(signal.SIGSTOP)
    stage.worker()
    return task.runs_again(watch)


@portable(
    "a worker hangs (SIGSTOP) for longer than a lease, and wakes up (SIGCONT)",
    expected="one result, which does not change any more",
    number=9,
)
def woken_worker(stage: Stage) -> str:
    worker, task = stage.worker(), Gated(stage)
    worker.send_all(signal.SIGSTOP)
    stage.worker()
    happens(lambda: task.runs > 1, (stage.system.lease or 0.0) + 15.0)
    task.open()
    first = assert_succeeded(stage, task.id).result if task.runs > 1 else None
    worker.send_all(signal.SIGCONT)
    if first is None:
        assert_succeeded(stage, task.id)
        return f"it was not given away; runs: {task.runs}"
    pause(stage, 5.0)
    last = stage.status(task.id)
    assert last.result == first, f"the result of run {first} was overwritten: {last.result}"
    return f"runs: {task.runs}; the result stayed that of run {first}"


def _runs_once(stage: Stage, name: str) -> str:
    lease, mark = stage.system.lease or _SOME, stage.path("mark")
    seconds = max(1.5 * lease, lease + 10)
    stage.worker()
    task_id = stage.submit(name, str(mark), seconds)
    eventually(lambda: lines_of(mark))
    stage.worker()
    assert_succeeded(stage, task_id, seconds + PATIENCE)
    runs = len(lines_of(mark))
    assert runs == 1, f"runs: {runs}, of one healthy task of {seconds:g} s"
    told = "no lease" if stage.system.lease is None else f"a lease: {lease:g} s"
    return f"one run of {seconds:g} s ({told})"


@portable("a healthy task takes longer than a lease; two workers", expected="it runs once")
def long_task(stage: Stage) -> str:
    return _runs_once(stage, "note_and_sleep")


@portable(
    "C code holds the interpreter for longer than a lease; two workers",
    expected="it runs once",
    number=18,
)
def held_interpreter(stage: Stage) -> str:
    return _runs_once(stage, "hold")


@portable("a second worker starts in the middle of 40 tasks", expected="each runs once")
def second_worker(stage: Stage) -> str:
    marks = [stage.path(f"{number}.mark") for number in range(40)]
    for mark in marks:
        stage.submit("note_and_sleep", str(mark), 0.25)
    stage.worker()
    eventually(marks[9].exists, PATIENCE)
    stage.worker()
    all_ran = comes(stage, lambda: all(mark.exists() for mark in marks))
    assert all_ran, f"{sum(mark.exists() for mark in marks)} of 40 have run after {PATIENCE:g} s"
    runs = [len(lines_of(mark)) for mark in marks]
    assert set(runs) == {1}, f"runs: {runs}"
    workers = {lines_of(mark)[0] for mark in marks}
    return f"each of 40 once, in {len(workers)} processes"
