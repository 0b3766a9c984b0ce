"""Reclaims of the tasks of workers that are silent, by what this worker itself has seen of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from time import thread_time
from types import SimpleNamespace

import pytest
from sqlalchemy import Connection

from taskrow.domain.options import TaskOptions
from taskrow.domain.settings import Settings
from taskrow.domain.task import Status
from taskrow.engine import endings, exchanges
from taskrow.engine import supervisor as supervisors
from taskrow.engine.clock import DrivenClock
from taskrow.engine.exchange import Give, exchange
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.engine.supervisor import Supervisor
from taskrow.engine.upkeep import Upkeep
from taskrow.engine.worker_options import WorkerOptions
from taskrow.errors import DatabaseBusyError
from taskrow.storage import finish
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending
from taskrow.storage.liveness import Liveness
from tests.storage.rows import NOW, SECOND

LEASE = 30.0


class Unknown(Liveness):
    """Nothing is known of anybody, as of machines elsewhere."""

    def is_gone(self, _: str) -> bool:
        return False

    def close(self) -> None: ...


@pytest.fixture
def clock() -> DrivenClock:
    return DrivenClock(NOW)


@pytest.fixture
def engine(database_url: str, clock: DrivenClock) -> Iterator[QueueEngine]:
    settings = Settings(database_url=database_url, lease=LEASE)
    with closing(QueueEngine(settings, Registry(), clock=clock)) as engine:
        yield engine


def turn(engine: QueueEngine, worker: str, *ended: Ending) -> Claim:
    """One exchange of a worker, which claims a task."""
    now = engine.clock()
    lease = now + timedelta(seconds=LEASE)
    give = Give(worker=worker, now=now, lease=lease, endings=ended, capacity=1)
    [claim] = engine.database.write(lambda connection: exchange(connection, give)).claimed
    return claim


@pytest.mark.parametrize("next_worker", ["silent", "another"])
def test_a_claim_has_a_whole_lease_whatever_was_seen_of_the_one_before(
    engine: QueueEngine, clock: DrivenClock, next_worker: str
) -> None:
    task_id = engine.submit("app.add", "{}", TaskOptions())
    upkeep = Upkeep(engine, "me", Unknown())
    claim = turn(engine, "silent")
    assert upkeep.reclaim(clock(), 0.0) == 0
    clock.now += LEASE * SECOND
    given_back = endings.released(engine, claim, clock())
    again = turn(engine, next_worker, given_back)
    assert again.attempt == claim.attempt
    assert upkeep.reclaim(clock(), LEASE) == 0, "it has only just been claimed"
    assert upkeep.reclaim(clock(), 2 * LEASE - 1) == 0
    assert upkeep.reclaim(clock(), 2 * LEASE) == 1
    assert engine.get(task_id).worker == next_worker


def supervisor_of(engine: QueueEngine, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """A worker that knows of nobody whether he is dead."""
    supervisor = Supervisor(engine, WorkerOptions(runner_command=["none"]))
    monkeypatch.setattr(supervisor, "_upkeep", Upkeep(engine, supervisor.id, Unknown()))
    return supervisor


@pytest.mark.parametrize(
    ("turns", "status"),
    [
        ([0, 5, 10, 15, 20, 25, 31], "scheduled"),
        ([0, 5, 5 + LEASE], "running"),
        ([0, 5, 36, 41, 46, 51, 56, 61], "running"),
        ([0, 5, 36, 41, 46, 51, 56, 61, 66], "scheduled"),
    ],
)
def test_what_was_while_the_worker_itself_could_not_write_is_not_silence(
    engine: QueueEngine, monkeypatch: pytest.MonkeyPatch, turns: list[float], status: str
) -> None:
    task_id = engine.submit("app.add", "{}", TaskOptions())
    turn(engine, "silent")
    supervisor = supervisor_of(engine, monkeypatch)
    for moment in turns:
        clock = SimpleNamespace(monotonic=lambda at=moment: 1000.0 + at, thread_time=thread_time)
        monkeypatch.setattr(exchanges, "monotonic", clock.monotonic)
        monkeypatch.setattr(supervisors, "time", clock)
        supervisor._work_on_rows(1000.0 + moment)
    monkeypatch.undo()
    found = engine.get(task_id).status
    supervisor._finish()
    assert found == status


def test_a_reclaim_that_finds_the_database_busy_keeps_it_to_itself(
    engine: QueueEngine,
    clock: DrivenClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ids = [engine.submit("app.add", "{}", TaskOptions()) for _ in range(2)]
    upkeep, first = Upkeep(engine, "me", Unknown()), turn(engine, "silent")
    turn(engine, "silent")
    assert upkeep.reclaim(clock(), 0.0) == 0
    reclaim = finish.reclaim

    def busy_once(connection: Connection, ending: Ending, *, now: datetime) -> bool:
        if ending.claim.seq == first.seq:
            raise DatabaseBusyError("canceling statement due to lock timeout")
        return reclaim(connection, ending, now=now)

    monkeypatch.setattr(finish, "reclaim", busy_once)
    assert upkeep.reclaim(clock(), LEASE) == 1
    assert "could not be reclaimed: canceling statement due to lock timeout" in caplog.text
    assert [engine.get(task_id).status for task_id in ids] == [Status.RUNNING, Status.SCHEDULED]
    monkeypatch.undo()
    assert upkeep.reclaim(clock(), LEASE + 1) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_row_that_was_held_by_somebody_is_watched_for_another_lease(
    engine: QueueEngine, clock: DrivenClock
) -> None:
    engine.submit("app.add", "{}", TaskOptions())
    upkeep, claim = Upkeep(engine, "me", Unknown()), turn(engine, "held up")
    assert upkeep.reclaim(clock(), 0.0) == 0
    with engine.database.read() as connection:
        connection.execution_options(isolation_level="READ COMMITTED")
        connection.exec_driver_sql(
            f"SELECT 1 FROM tasks WHERE seq = {claim.seq} FOR UPDATE"
        ).close()
        assert upkeep.reclaim(clock(), LEASE) == 0
    assert upkeep.reclaim(clock(), LEASE + 1) == 0, "its worker could not beat"
    assert upkeep.reclaim(clock(), 2 * LEASE) == 0
    assert upkeep.reclaim(clock(), 2 * LEASE + 1) == 1
