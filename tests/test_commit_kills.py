"""Whoever is killed, at whatever step of a self.commit(): each effect happens exactly once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from taskrow.domain.options import TaskOptions
from taskrow.domain.payload import encode_arguments
from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from taskrow.storage import queries
from taskrow.storage.tables import task_counts
from tests.apps import commits
from tests.apps.commit_kills import (
    COMMITTED_STEPS,
    DEATHS,
    STEPS,
    VICTIMS,
    Death,
    read_deaths,
)
from tests.engine.commits import effects, make_effects
from tests.support.processes import Process, ProcessFactory, eventually
from tests.support.rows import final, submit
from tests.test_kills import Chaos

SHORT_LEASE = {"FLASK_TASKROW_LEASE": "1", "FLASK_TASKROW_HEARTBEAT": "0.25"}
TIMES = int(os.environ.get("TASKROW_KILLS", "1"))  # how often each step kills each victim
WORKERS = 3


@pytest.mark.timeout(120 + 60 * TIMES)
def test_each_effect_happens_once_whoever_dies_at_whatever_step(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    deaths = Deaths(engine, start, tmp_path, "tests.apps.commit_kills:app")
    deaths.run(TIMES)
    assert deaths.wrongs() == []
    assert deaths.survivors() == []


def test_effects_in_a_transaction_of_their_own_are_noticed(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    deaths = Deaths(engine, start, tmp_path, "tests.apps.commit_kills_autocommit:app")

    def noticed() -> bool:
        return any(times > 1 for times in effects(engine).values())

    deaths.run(times=1, until=noticed)
    assert noticed()
    assert any(wrong.endswith("has 2 effects") for wrong in deaths.wrongs())


def test_each_effect_happens_once_whoever_is_killed_or_stopped_at_whatever_moment(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    make_effects(engine)
    chaos = Chaos(engine, start, tmp_path, "tests.apps.kills_committing:app", tasks=200)
    chaos.run(kills=2, stops=1)
    assert chaos.kills >= 2
    assert chaos.wrongs() == []
    assert chaos.crashed == []
    assert set(effects(engine).values()) == {1}
    assert len(effects(engine)) == chaos.history.counts.total()


class Deaths:
    """Workers, started again whenever one has died, until every task is over."""

    def __init__(
        self, engine: QueueEngine, start: ProcessFactory, directory: Path, app: str
    ) -> None:
        self._engine, self._start, self._app = engine, start, app
        self._file = directory / "deaths"
        self._plans: dict[str, tuple[str, str]] = {}  # by the ids of their tasks
        self._started: list[Process] = []
        make_effects(engine)

    def run(self, times: int, until: Callable[[], bool] = lambda: False) -> None:
        """Each step with each victim, so many times, or until ``until`` says that it is enough.

        No more at once than workers: what a dead one held beside its victim would only run later.
        """
        plans = [(step, victim) for _ in range(times) for step in STEPS for victim in VICTIMS]
        workers = [self._worker() for _ in range(WORKERS)]
        deadline = time.monotonic() + 100 + 50 * times
        while (plans or self._left()) and not until():
            assert time.monotonic() < deadline, f"{self._left() + len(plans)} tasks are left"
            for _ in range(min(len(plans), WORKERS - self._left())):
                self._submit(*plans.pop(0))
            self._wait(workers, WORKERS - 1 if plans else 0, until)
            for worker in self._has_died(workers):
                assert worker.process.returncode == -signal.SIGKILL, worker.output()
                workers[workers.index(worker)] = self._worker()
        for worker in workers:
            assert worker.stop() in (0, -signal.SIGTERM, -signal.SIGKILL), worker.output()

    def _wait(self, workers: list[Process], most: int, until: Callable[[], bool]) -> None:
        """Until a worker has died, or at most so many tasks are left."""
        eventually(lambda: self._has_died(workers) or self._left() <= most or until())

    def _submit(self, step: str, victim: str) -> None:
        args = encode_arguments((step, victim), {}, limit=10_000)
        task_id = self._engine.submit("commits.die", args, TaskOptions(crash_limit=1000))
        self._plans[task_id] = step, victim

    def _worker(self) -> Process:
        command = ("taskrow", "--app", self._app, "worker", "--runners", "1")
        env = SHORT_LEASE | {DEATHS: str(self._file)}
        self._started.append(self._start.start(*command, log="worker", env=env))
        return self._started[-1]

    def _has_died(self, workers: list[Process]) -> list[Process]:
        return [worker for worker in workers if worker.process.poll() is not None]

    def _left(self) -> int:
        return sum(not task.status.final for task in self._found())

    def _found(self) -> list[Task]:
        with self._engine.database.read() as connection:
            return queries.find_many(connection, list(self._plans))

    def wrongs(self) -> list[str]:
        """What must not be: an effect missing or done twice, an end that is no success, or two."""
        done, found, wrong = effects(self._engine), self._found(), list[str]()
        with self._engine.database.read() as connection:
            counted = connection.execute(select(func.sum(task_counts.c.n))).scalar()
        for task in found:
            if (task.status, task.result) != (Status.SUCCEEDED, str(task.attempt)):
                wrong.append(f"{task.args} {task.status} with {task.result} of {task.attempt}")
            if done[task.id] != 1:
                wrong.append(f"{task.args} has {done[task.id]} effects")
        return wrong + ([] if counted == len(found) else [f"{counted} ends of {len(found)} tasks"])

    def survivors(self) -> list[str]:
        """Of which tasks nobody died as was planned, or whose attempts tell that nobody did."""
        deaths = {death.task: death for death in read_deaths(self._file)}
        killed = {one.pid for one in self._started if one.process.poll() == -signal.SIGKILL}
        found: list[str] = []
        for task in self._found():
            plan, death = self._plans[task.id], deaths.get(task.id)
            if death is None or (death.step, death.victim) != plan:
                found.append(f"nobody died at {plan}, but: {death}")
            elif tuple(death.passed) != STEPS[: STEPS.index(death.step)]:
                found.append(f"not all that comes before it was passed: {death}")
            elif death.victim != "runner" and death.supervisor not in killed:
                found.append(f"the supervisor lives: {death}")
            elif not _is_explained(task.attempt, death):
                found.append(f"it ended as attempt {task.attempt}: {death}")
        return found


def _is_explained(attempt: int, death: Death) -> bool:
    """Whether a task may have ended as this attempt. After the COMMIT nothing is run again."""
    if death.step in COMMITTED_STEPS:
        return attempt == death.attempt
    # An orphaned runner may be as quick as the kernel that ends it.
    return attempt >= death.attempt + (death.victim != "supervisor")


class Zombie:
    """A worker that is stopped past its lease, before its commit or in it; another has the task.

    The first attempt waits at a gate of its own, later ones at another.
    """

    def __init__(
        self, engine: QueueEngine, start: ProcessFactory, directory: Path, app: str, *, before: bool
    ) -> None:
        self._engine, self._gate = engine, directory / "gate"
        mark = directory / "mark"
        make_effects(engine)
        self.task_id = submit(engine, commits.stand, str(mark), str(self._gate), before)
        self.worker = start.worker("--runners", "1", app=app, env=SHORT_LEASE)
        eventually(lambda: len(lines_of(mark)) == 1)
        self._processes = [self.worker.pid, int(lines_of(mark)[0])]
        self._send(signal.SIGSTOP)
        start.worker("--runners", "1", app=app, env=SHORT_LEASE)
        eventually(lambda: len(lines_of(mark)) == 2)

    def _send(self, number: signal.Signals) -> None:
        for process in self._processes:
            os.kill(process, number)

    def go_on(self) -> None:
        Path(f"{self._gate}-1").touch()
        self._send(signal.SIGCONT)

    def let_the_other_end(self) -> None:
        Path(f"{self._gate}-2").touch()
        final(self._engine, self.task_id)

    def wrongs(self) -> list[str]:
        """What the zombie has left behind."""
        task, done = self._engine.get(self.task_id), effects(self._engine)
        wrong = [] if task.result == str(task.attempt) else [f"{task.result} is the result"]
        wrong += [] if task.attempt > 1 else ["the first attempt has ended it"]
        return wrong + ([] if done == {self.task_id: 1} else [f"{done} are the effects"])


def lines_of(file: Path) -> list[str]:
    return file.read_text().split("\n")[:-1] if file.exists() else []


@pytest.mark.parametrize(
    ("database_url", "before"),
    # Not in its commit on SQLite: who is stopped there stops all other writers.
    [("sqlite", True), ("postgresql", True), ("postgresql", False)],
    indirect=["database_url"],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_commit_of_a_zombie_is_refused(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path, before: bool, first: bool
) -> None:
    zombie = Zombie(engine, start, tmp_path, "tests.apps.commit_kills:app", before=before)
    if first:
        zombie.go_on()
        zombie.worker.wait_for("its outcome is dropped")
        assert not effects(engine)
        zombie.let_the_other_end()
    else:
        zombie.let_the_other_end()
        zombie.go_on()
        zombie.worker.wait_for("its outcome is dropped")
    assert zombie.wrongs() == []


def test_without_the_fence_the_commit_of_a_zombie_is_noticed(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    app = "tests.apps.commit_kills_without_fence:app"
    zombie = Zombie(engine, start, tmp_path, app, before=True)
    zombie.go_on()
    eventually(lambda: effects(engine))
    zombie.let_the_other_end()
    assert set(zombie.wrongs()) & {"1 is the result", "the first attempt has ended it"}
