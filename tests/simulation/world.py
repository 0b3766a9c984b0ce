"""One history: clients submit, workers run, machines stop and die, and in the end all is well."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.engine import committing, endings, inline, retrying
from taskrow.engine.context import TaskContext
from taskrow.engine.functions import TaskFunction
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.errors import DatabaseError, TaskrowError
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import tasks
from tests.faults.history import FINAL, History, Told
from tests.simulation.database import SimulatedDatabase, empty_tables
from tests.simulation.hub import Hub, Machine, Troubles
from tests.simulation.worker import Seen, SimulatedWorker
from tests.support.flaws import REFUSED_BY_TABLES

LEASE, HEARTBEAT = 10.0, 4.0
_SETTINGS = Settings(
    database_url="sqlite:////simulated.db", lease=LEASE, heartbeat=HEARTBEAT, log_level=None
)
_WORKERS, _TASKS = 3, 5
_DISTURBED, _LONGEST = 25.0, 400.0  # seconds: of troubles, and of all
_NEW_WORKER = 3.0  # seconds until somebody starts a worker in a dead one's place
_NAMES = ("plain", "effect", "stumble", "long", "once")
# In some histories nothing happens but that clocks jump: then no task may be begun again.
_CALM = Troubles(kill=0, pause=0, jump=0.1, refused=0, undone=0, unknown=0)
_CALM_SHARE = 0.1

_ROWS = Prepared(select(tasks.c.id, tasks.c.status, tasks.c.attempt, tasks.c.result))
_ATTEMPTS = text(
    "SELECT id, task_attempts.attempt, outcome FROM task_attempts JOIN tasks ON seq = task_seq"
)
_EFFECTS = text("SELECT task FROM effects")
_ENDS = text(
    "SELECT (SELECT coalesce(sum(n), 0) FROM task_counts),"
    " (SELECT count(*) FROM tasks WHERE finished_at IS NOT NULL)"
)


@dataclass
class Verdict:
    """What came of a history."""

    wrongs: list[str]
    deaths: int
    second_attempts: int


class World:
    """Everything in one history."""

    def __init__(self, seed: str, connection: Connection) -> None:
        self._hub = Hub(seed)
        self._history = History()
        self._seen = Seen()
        self._registry = Registry()
        self._machines: list[Machine] = []
        self._connection, self._engines = connection, 0
        self._engine = QueueEngine(_SETTINGS, self._registry)  # made once: it takes a while
        self._troubles = _CALM if self._hub.chance.random() < _CALM_SHARE else Troubles()
        self._submitting, self._is_over = True, False
        self._ids: list[str] = []
        self._again = ""  # a task that was begun again, and not because it had failed
        for name in sorted(set(_NAMES)):
            self._register(name)

    def play(self) -> Verdict:
        """From the first submit until all tasks are over."""
        for place in (inline, committing):
            place.__dict__["time"] = _Time(self._hub)
        for place in (endings, retrying):
            place.__dict__["random"] = self._hub.chance
        client = Machine(self._hub, "client", LEASE)
        self._hub.spawn(client, partial(self._submit_all, self._engine_on(client, self._troubles)))
        for _ in range(_WORKERS):
            self._start_worker()
        watch = Machine(self._hub, "watch", LEASE)
        self._hub.spawn(watch, partial(self._replace_dead))
        self._hub.spawn(watch, partial(self._look, self._engine_on(watch)))
        try:
            self._hub.run(_DISTURBED)
            for machine in self._machines:
                machine.troubles = None
            self._hub.run(_LONGEST, lambda: self._is_over)
        except (AssertionError, IntegrityError) as error:
            if not _is_complaint(error):
                raise
            return Verdict([f"{type(error).__name__}: {error}"], 0, 0)
        return self._verdict()

    def end(self) -> None:
        """Let nothing of it go on."""
        self._hub.end()

    # -- what goes on ----------------------------------------------------------------------------

    def _submit_all(self, engine: QueueEngine) -> None:
        for _ in range(_TASKS):
            self._hub.sleep(self._hub.chance.uniform(0, 4))
            name = self._hub.chance.choice(_NAMES)
            options = self._registry.get(name).options
            with suppress(DatabaseError):
                task_id = engine.submit(name, "{}", options)
                self._history.accepted(task_id)
                self._ids.append(task_id)
            if self._ids and self._hub.chance.random() < 0.1:
                with suppress(TaskrowError):
                    engine.cancel(self._hub.chance.choice(self._ids))
        self._submitting = False

    def _look(self, engine: QueueEngine) -> None:
        """A client who asks for the status again and again."""
        while True:
            self._hub.sleep(5.0)
            with engine.database.read() as connection:
                found = _ROWS.fetch(connection, ())
            for task_id, status, attempt, result in found:
                if task_id in self._ids:
                    value = None if result is None else json.loads(result)
                    self._history.told(task_id, Told(status, attempt, value))
            counts = self._history.counts
            ended = sum(counts[status] for status in FINAL)
            self._is_over = not self._submitting and ended == counts.total()

    def _replace_dead(self) -> None:
        while True:
            self._hub.sleep(_NEW_WORKER)
            for machine in [one for one in self._machines if not one.lives]:
                self._machines.remove(machine)
                if self._hub.chance.random() < 0.5:  # else it was on a machine of its own
                    self._seen.dead.add(machine.name)
                self._start_worker()

    def _start_worker(self) -> None:
        number = self._engines
        troubles = self._troubles if self._hub.now < _DISTURBED else None
        machine = Machine(self._hub, f"worker-{number}", LEASE)
        engine = self._engine_on(machine, troubles)
        self._machines.append(machine)
        SimulatedWorker(engine, machine, self._seen)

    def _engine_on(self, machine: Machine, troubles: Troubles | None = None) -> QueueEngine:
        self._engines += 1
        machine.troubles = troubles
        machine.skew = self._hub.chance.uniform(-5, 5)
        engine = copy(self._engine)
        engine.clock = machine.clock
        engine.__dict__.update(_database=SimulatedDatabase(self._connection, machine), _ready=True)
        return engine

    # -- task functions --------------------------------------------------------------------------

    def _register(self, name: str) -> None:
        def function(self_: TaskContext) -> object:
            return self._run(name, self_)

        crash_limit = 0 if name == "once" else 1000
        options = TaskOptions(crash_limit=crash_limit, retries=3, backoff=1.0)
        task: TaskFunction[..., object] = TaskFunction(
            function, name=name, bind=True, options=options, find_engine=_no_engine
        )
        self._registry.add(name, task)

    def _run(self, name: str, context: TaskContext) -> object:
        task_id, attempt = str(context.request.id), context.request.attempt
        self._history.begun(task_id, attempt)
        if attempt > context.request.retries + 1:
            self._again = task_id
        self._hub.sleep(self._hub.chance.uniform(0, 2 * LEASE if name == "long" else 1))
        if name == "stumble" and context.request.retries == 0:
            raise ValueError("the first time")
        if name == "effect":
            context.commit(partial(_note_effect, task_id), result="with effect")
        return {"attempt": attempt}

    # -- the end ---------------------------------------------------------------------------------

    def _verdict(self) -> Verdict:
        effects = list(self._connection.execute(_EFFECTS).scalars())
        deaths = self._engines - _WORKERS - 2
        attempts = [
            (one.id, one.attempt, one.outcome) for one in self._connection.execute(_ATTEMPTS)
        ]
        wrongs = [*self._history.wrongs(effects, attempts=attempts), *self._miscounted()]
        if self._troubles is _CALM and self._again:
            wrongs.append(f"{self._again} was begun again, though nothing but clocks went wrong")
        return Verdict(wrongs, deaths, self._history.second_attempts)

    def _miscounted(self) -> Iterator[str]:
        counted, ended = self._connection.execute(_ENDS).one()
        if counted != ended:
            yield f"{counted} ends were counted, of {ended}"


class _Time:
    """Stands in for the module ``time`` where code of taskrow's waits."""

    def __init__(self, hub: Hub) -> None:
        self.sleep = hub.sleep

        def monotonic() -> float:
            return hub.now

        self.monotonic = monotonic


def _is_complaint(error: Exception) -> bool:
    """Whether the code or the tables refuse what was done; else what plays it is broken."""
    by_tables = any(words in str(error.__cause__) for words in REFUSED_BY_TABLES)
    return isinstance(error, AssertionError) or by_tables


def _note_effect(task_id: str, session: Session) -> None:
    session.execute(text("INSERT INTO effects VALUES (:task)"), {"task": task_id})


def _no_engine() -> QueueEngine:
    raise AssertionError("tasks of the simulation submit nothing")


def play(seed: str) -> Verdict:
    """Play one history. Whatever is raised is of no history, but of what should play it."""
    logger = logging.getLogger("taskrow")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # thousands of warnings would be as meant
    world = World(seed, empty_tables())
    try:
        return world.play()
    except Exception as error:
        error.add_note(f"the simulation itself broke, in the history of seed {seed}")
        raise
    finally:
        world.end()
        logger.setLevel(level)
