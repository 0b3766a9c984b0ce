"""Workers are killed and stopped at random moments; every task ends exactly once all the same."""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select

from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from taskrow.storage import queries
from taskrow.storage.tables import task_attempts, task_counts, tasks
from tests.apps.marks import Marks
from tests.faults.history import Attempt, History, Told
from tests.support.flaws import REFUSED_BY_TABLES
from tests.support.processes import Process, ProcessFactory, eventually

SHORT_LEASE = {"FLASK_TASKROW_LEASE": "1", "FLASK_TASKROW_HEARTBEAT": "0.25"}
# A worker that is stopped while it writes holds the others up until it goes on.
PATIENT = {"FLASK_TASKROW_BUSY_TIMEOUT": "20"}
TASKS = {"sqlite": 1000, "postgresql": 400}
WORKERS = 3
UNLUCKY = (Status.FAILED, Status.CANCELLED)
OF_ZOMBIES = ("with the result of", "had begun", " was Told(")  # in the words of a history


def test_every_task_ends_exactly_once_whatever_is_killed(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    chaos = Chaos(engine, start, tmp_path, "tests.apps.kills:app")
    chaos.run(kills=2, stops=1)
    assert chaos.kills >= 2
    assert chaos.stops >= 1
    assert chaos.wrongs() == []
    assert chaos.crashed == []


@pytest.mark.timeout(300)
def test_without_the_fence_the_same_chaos_is_noticed(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    chaos = Chaos(engine, start, tmp_path, "tests.apps.kills_without_fence:app", share=0.2)

    def noticed() -> bool:
        return bool(chaos.refused() or chaos.wrongs_of_zombies())

    for _ in range(4):  # a zombie that comes back while its task runs elsewhere is a matter of luck
        chaos.run(noticed)
        if noticed():
            break
    assert noticed()
    assert chaos.history.begins >= 1
    assert chaos.crashed == chaos.refused(), "a worker of the application crashed by itself"


def stop(engine: QueueEngine, worker: Process) -> None:
    """Stop a worker while it does not write: all others would wait for it as long as it stands."""
    engine.database.write(lambda _: worker.send(signal.SIGSTOP))


def test_the_outcome_of_a_zombie_is_refused(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    mark, gate = f"{tmp_path}/mark", f"{tmp_path}/gate"
    call = json.dumps({"args": [mark, gate]})
    task_id = engine.submit("tests.apps.basic.write_and_wait", call, TaskOptions())
    zombie = start.worker("--runners", "1", env=SHORT_LEASE)
    eventually(lambda: lines_of(mark) == 1)
    stop(engine, zombie)
    start.worker("--runners", "1", env=SHORT_LEASE)
    eventually(lambda: lines_of(mark) == 2)  # past the lease another worker has begun it again
    Path(gate).touch()  # now both attempts end; the old one's report waits in its pipe
    task = final(engine, task_id)
    zombie.send(signal.SIGCONT)
    zombie.wait_for("its outcome is dropped")
    assert (task.status, task.attempt, task.result) == (Status.SUCCEEDED, 2, '"through"')
    assert engine.get(task_id) == task


class Chaos:
    """Three workers, of which one is killed or stopped every moment, and started again.

    share: that of the kills; the others are stopped past their lease, and go on as zombies.
    tasks: how many there are at first, and at most at once.
    """

    def __init__(
        self,
        engine: QueueEngine,
        start: ProcessFactory,
        directory: Path,
        app: str,
        *,
        share: float = 0.5,
        tasks: int | None = None,
    ) -> None:
        self._engine, self._start, self._app, self._share = engine, start, app, share
        self._tasks = tasks or TASKS[engine.database.dialect]
        self._marks = Marks(directory / "marks")
        self._random = random.Random(20261121)
        self._workers: list[Process] = []
        self._stopped: list[tuple[float, Process]] = []
        self.history = History()
        self.crashed: list[str] = []
        self.kills = self.stops = 0

    def run(
        self, until: Callable[[], bool] = lambda: False, *, kills: int = 0, stops: int = 0
    ) -> None:
        """Until all tasks are over, and so many kills and stops are done; or ``until`` says so."""
        self._workers = [self._worker() for _ in range(WORKERS)]
        self._submit()
        while unfinished(self._engine) and not until():
            self._pause(1.1, until)
            self._disturb()
            if self.kills < kills or self.stops < stops:
                self._submit()
        self._end()

    def _submit(self) -> None:
        """As many tasks as are missing; a worker that stands could have the turn to write."""
        eventually(lambda: not self._continue_stopped())
        for task_id in submit_many(self._engine, self._tasks - unfinished(self._engine)):
            self.history.accepted(task_id)

    def wrongs(self) -> list[str]:
        """What must not be: a task not over, an outcome of another attempt, one counted twice."""
        found = self._look()
        wrong = self.history.wrongs(attempts=recorded(self._engine))
        wrong += [f"{t.id} {t.status}: {t.error}" for t in found if t.status in UNLUCKY]
        return wrong + miscounted(self._engine, found)

    def wrongs_of_zombies(self) -> list[str]:
        """What an attempt has done that was not the task's any more. It need not be over."""
        self._look()
        wrongs = self.history.wrongs(is_over=False)
        return [wrong for wrong in wrongs if any(words in wrong for words in OF_ZOMBIES)]

    def refused(self) -> list[str]:
        """What those workers said that ended because the tables refused what they wrote."""
        return [said for said in self.crashed if any(words in said for words in REFUSED_BY_TABLES)]

    def _look(self) -> list[Task]:
        """First at the rows: what has ended there has begun before."""
        with self._engine.database.read() as connection:
            found = queries.list_tasks(connection, limit=self.history.counts.total() + 1)
        for task in found:
            self.history.told(task.id, told_of(task))
        for task_id, attempt in self._marks.new():
            self.history.begun(task_id, attempt)
        return found

    def _end(self) -> None:
        """Let the last zombies speak, and all workers stop in good order."""
        for _, process in self._stopped:
            process.send(signal.SIGCONT)
        self._stopped.clear()
        for worker in self._workers:
            if worker.stop() not in (0, -signal.SIGTERM):  # the latter while it starts
                self.crashed.append(worker.output())

    def _pause(self, seconds: float, until: Callable[[], bool]) -> None:
        """So long at least, and until something has been done: slow workers would be killed first.

        The end of a worker that nobody has killed is something, too.
        """
        end = time.monotonic() + seconds
        goal = unfinished(self._engine) - self._tasks // 25

        def look() -> bool:
            self._continue_stopped()
            left = unfinished(self._engine)
            is_time = time.monotonic() > end and (left <= goal or bool(self._ended()))
            return is_time or not left or until()

        eventually(look, seconds=60)

    def _ended(self) -> list[Process]:
        return [worker for worker in self._workers if worker.process.poll() is not None]

    def _disturb(self) -> None:
        for worker in self._ended():
            self.crashed.append(worker.output())
            self._replace(worker)
        stopped = [process for _, process in self._stopped]
        at_work = [w for w in self._workers if w not in stopped and " started, " in w.output()]
        if not at_work:
            return
        victim = self._random.choice(at_work)
        if not self.kills or (self.stops and self._random.random() < self._share):
            self.kills += 1
            victim.kill()
            self._replace(victim)
        elif not self._stopped:
            self.stops += 1
            stop(self._engine, victim)
            self._stopped.append((time.monotonic() + 1.8, victim))

    def _continue_stopped(self) -> int:
        """Those that have stood for long enough; returns how many still stand."""
        for entry in [entry for entry in self._stopped if entry[0] < time.monotonic()]:
            entry[1].send(signal.SIGCONT)
            self._stopped.remove(entry)
        return len(self._stopped)

    def _replace(self, worker: Process) -> None:
        self._workers[self._workers.index(worker)] = self._worker()

    def _worker(self) -> Process:
        return self._start.start(
            "taskrow",
            "--app",
            self._app,
            "worker",
            "--runners",
            "2",
            log="worker",
            env=SHORT_LEASE | PATIENT | self._marks.env,
        )


def submit_many(engine: QueueEngine, number: int) -> list[str]:
    options = TaskOptions(crash_limit=1000)
    return [engine.submit("kills.work", "{}", options) for _ in range(number)]


def unfinished(engine: QueueEngine) -> int:
    with engine.database.read() as connection:
        open_tasks = select(func.count()).where(tasks.c.finished_at.is_(None))
        return int(connection.execute(open_tasks).scalar_one())


def told_of(task: Task) -> Told:
    result = None if task.result is None else json.loads(task.result)
    return Told(str(task.status), task.attempt, result)


def recorded(engine: QueueEngine) -> list[Attempt]:
    """Every attempt that did not succeed."""
    past = task_attempts.c
    with engine.database.read() as connection:
        rows = connection.execute(
            select(tasks.c.id, past.attempt, past.outcome).join_from(tasks, task_attempts)
        )
        return [(task_id, attempt, outcome) for task_id, attempt, outcome in rows]


def miscounted(engine: QueueEngine, found: Sequence[Task]) -> list[str]:
    """In what the other tables differ from these tasks, which are all there are, and over."""
    with engine.database.read() as connection:
        counted = connection.execute(select(func.sum(task_counts.c.n))).scalar()
        lost = connection.execute(
            select(func.count()).where(task_attempts.c.outcome == "lost")
        ).scalar_one()
    reruns = sum(task.attempt - 1 for task in found)
    wrong = [] if counted == len(found) else [f"{counted} endings of {len(found)} tasks"]
    return wrong if lost == reruns else [*wrong, f"{lost} lost attempts but {reruns} reruns"]


def final(engine: QueueEngine, task_id: str) -> Task:
    eventually(lambda: engine.get(task_id).status.final)
    return engine.get(task_id)


def lines_of(file: str) -> int:
    try:
        with open(file) as lines:
            return len(lines.readlines())
    except FileNotFoundError:
        return 0
