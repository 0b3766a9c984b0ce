"""Workers on PostgreSQL whose connections are cut, or whose rows are held by somebody else."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.support.processes import Process, ProcessFactory, eventually
from tests.support.rows import final

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

# Of this database alone: others of the same server belong to other tests.
_HOLDERS = """
SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND granted AND datname = current_database()"""


def submit(engine: QueueEngine, directory: Path, name: str, **options: bool | int | str) -> str:
    """A task that says that it has begun, and waits for its gate."""
    args = f'{{"args": ["{directory / name}", "{directory / name}-gate"]}}'
    given = TaskOptions(**options)  # type: ignore[arg-type]
    task_id = engine.submit("tests.apps.basic.write_and_wait", args, given)
    eventually((directory / name).exists)
    return task_id


def signs(engine: QueueEngine) -> set[int]:
    """The server's processes that hold the locks of living workers."""
    with engine.database.read() as connection:
        return set(connection.exec_driver_sql(_HOLDERS).scalars())


def cut(engine: QueueEngine, pids: set[int]) -> None:
    with engine.database.read() as connection:
        for pid in pids:
            connection.exec_driver_sql(f"SELECT pg_terminate_backend({pid})").close()


def worker_of(start: ProcessFactory, queue: str, **env: str) -> Process:
    return start.worker("--runners", "1", "--queues", queue, env=env)


def test_a_cut_connection_is_no_death_and_a_death_is_seen_all_the_same(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    worker_of(start, "once")
    kept = submit(engine, tmp_path, "once", queue="once", at_most_once=True, crash_limit=0)
    mine = signs(engine)
    others = [worker_of(start, "default") for _ in range(2)]  # which look for the dead
    cut(engine, mine)
    eventually(lambda: len(signs(engine)) == 3 and not mine & signs(engine))
    lost = submit(engine, tmp_path, "lost")
    next(other for other in others if f"-{other.pid}-" in str(engine.get(lost).worker)).kill()
    eventually(lambda: engine.get(lost).attempt == 2)
    assert engine.get(kept).status is Status.RUNNING
    for name in ("once", "lost"):
        (tmp_path / f"{name}-gate").touch()
    assert final(engine, kept).status is Status.SUCCEEDED
    assert final(engine, lost).status is Status.SUCCEEDED


def heartbeat(engine: QueueEngine, task_id: str) -> int:
    with engine.database.read() as connection:
        query = f"SELECT heartbeat FROM tasks WHERE id = '{task_id}'"
        return int(connection.exec_driver_sql(query).scalar_one())


def test_what_belongs_into_a_row_that_somebody_holds_waits_and_nothing_else_does(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path, database_url: str
) -> None:
    quick = {"FLASK_TASKROW_BUSY_TIMEOUT": "1", "FLASK_TASKROW_HEARTBEAT": "0.5"}
    worker = start.worker("--runners", "3", env=quick)
    held, ends, stays = (submit(engine, tmp_path, name) for name in ("held", "ends", "stays"))
    with psycopg.connect(database_url.replace("+psycopg", "")) as somebody:
        somebody.execute("SELECT 1 FROM tasks WHERE id = %s FOR UPDATE", [held])
        (tmp_path / "held-gate").touch()
        worker.wait_for("somebody holds rows in a transaction")
        (tmp_path / "ends-gate").touch()
        assert final(engine, ends).status is Status.SUCCEEDED
        before = heartbeat(engine, stays)
        eventually(lambda: heartbeat(engine, stays) >= before + 2)
        assert engine.get(held).status is Status.RUNNING
    assert (final(engine, held).status, engine.get(held).attempt) == (Status.SUCCEEDED, 1)
    (tmp_path / "stays-gate").touch()
    assert (final(engine, stays).status, engine.get(stays).attempt) == (Status.SUCCEEDED, 1)
    assert "cannot be used" not in worker.output()
