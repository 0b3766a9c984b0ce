"""A claim whose news was lost: its worker lives, and nobody runs it."""

from __future__ import annotations

from sqlalchemy import select, update

from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine import lanes
from taskrow.engine.queue import QueueEngine
from taskrow.storage.tables import tasks, workers
from tests.support.processes import ProcessFactory
from tests.support.rows import final

QUICK = {"FLASK_TASKROW_LEASE": "2", "FLASK_TASKROW_HEARTBEAT": "0.2"}


def test_it_is_given_back_unharmed_after_two_heartbeats(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    lanes.pause(engine, "default")
    task_id = engine.submit("tests.apps.basic.add", '{"args": [20, 22]}', TaskOptions())
    start.worker("--runners", "1", env=QUICK)
    with engine.database.read() as connection:
        (worker,) = connection.execute(select(workers.c.id)).scalars()
    now = engine.clock()
    claimed = {"status": Status.RUNNING, "worker": worker, "attempt": 1}
    times = {"started_at": now, "lease_expires_at": now}
    stray = update(tasks).where(tasks.c.id == task_id).values(claimed | times)
    engine.database.write(lambda connection: connection.execute(stray).close())
    lanes.resume(engine, "default")
    task = final(engine, task_id)
    assert (task.status, task.attempt, task.result) == (Status.SUCCEEDED, 1, "42")
