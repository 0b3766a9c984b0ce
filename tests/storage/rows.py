"""Rows for the tests: made by the real transitions, at times that the tests choose."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from taskrow.domain.checksum import checksum_of
from taskrow.domain.ids import new_id
from taskrow.domain.task import Status, Task
from taskrow.storage import claims, finish, queries, upkeep
from taskrow.storage.claims import Claim
from taskrow.storage.database import Database
from taskrow.storage.finish import Ending
from taskrow.storage.submit import NewTask, submit
from taskrow.storage.tables import task_attempts, task_counts, tasks

NOW = datetime(2026, 11, 21, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEASE = NOW + 30 * SECOND
PURGE_AT = NOW + timedelta(days=1)
ERROR = json.dumps({"type": "ValueError", "message": "no"})
WORKER = "web1-4242-aaaaaaaa"


def new_task(**changes: Any) -> NewTask:
    """A task that is about to be written."""
    plain: dict[str, Any] = {
        "id": new_id(NOW),
        "name": "app.add",
        "args": "{}",
        "queue": "default",
        "priority": 0,
        "retries": 0,
        "crash_limit": 3,
        "run_at": NOW,
    }
    given = plain | changes
    return NewTask(**{"args_checksum": checksum_of(given["args"])} | given)


def add(database: Database, now: datetime = NOW, **changes: Any) -> str:
    """Submit one task and return its id."""
    task = new_task(**changes)
    database.write(lambda connection: submit(connection, task, now=now))
    return task.id


def put(database: Database, rows: Sequence[dict[str, Any]]) -> list[str]:
    """Write many rows by hand, without the way to there; returns their ids."""
    plain = {"queue": "default", "name": "app.add", "status": "queued", "priority": 0}
    times = {"run_at": NOW, "created_at": NOW}
    full = [plain | times | {"id": new_id(NOW), "args": "{}"} | row for row in rows]
    database.write(lambda connection: connection.execute(insert(tasks), full).close())
    return [str(row["id"]) for row in full]


def put_finished(database: Database, purge_at: Iterable[datetime]) -> list[str]:
    """Finished rows that may go at these times."""
    over = {"status": "succeeded", "finished_at": NOW}
    return put(database, [over | {"purge_at": at} for at in purge_at])


def add_many(database: Database, count: int, **changes: Any) -> list[str]:
    """Submit tasks in one transaction and return their ids, oldest first."""
    new = [new_task(**changes) for _ in range(count)]

    def write(connection: Connection) -> None:
        for task in new:
            submit(connection, task, now=NOW)

    database.write(write)
    return [task.id for task in new]


def find(database: Database, task_id: str) -> Task:
    """The row as it stands."""
    with database.read() as connection:
        task = queries.find(connection, task_id)
    assert task is not None
    return task


def find_all(database: Database, ids: Iterable[str]) -> list[Task]:
    """The rows as they stand, in the order of the ids."""
    return [find(database, task_id) for task_id in ids]


def take(
    database: Database, limit: int = 1, *, worker: str = WORKER, queue: str = "default"
) -> list[Claim]:
    """Claim tasks of a queue."""
    return database.write(
        lambda connection: claims.claim(
            connection, worker=worker, queue=queue, limit=limit, now=NOW, lease=LEASE
        )
    )


def claimed(database: Database, *, worker: str = WORKER, **changes: Any) -> Claim:
    """Submit a task into a queue that is otherwise empty, and claim it."""
    add(database, **changes)
    [claim] = take(database, worker=worker, queue=changes.get("queue", "default"))
    return claim


def ending(claim: Claim, status: Status, **changes: Any) -> Ending:
    """The usual way for an attempt to come to this status."""
    plain: dict[str, Any] = {"claim": claim, "status": status}
    if status is Status.SUCCEEDED:
        plain |= {"result": "42"}
    if status in (Status.FAILED, Status.SCHEDULED):
        plain |= {"outcome": "failed", "error": ERROR, "traceback": "Traceback ..."}
    if status is Status.SCHEDULED:
        plain |= {"run_at": NOW + SECOND}
    if status is Status.CANCELLED:
        plain |= {"outcome": "cancelled"}
    if status.final:
        plain |= {"purge_at": PURGE_AT}
    return Ending(**plain | changes)


def settle(database: Database, one: Ending, now: datetime = NOW) -> bool:
    """End an attempt, as the exchange does. False: the claim was lost."""
    if one.status is Status.SUCCEEDED:
        return not database.write(lambda c: finish.succeed(c, [one], now=now))
    return database.write(lambda c: finish.end(c, one, now=now))


def in_status(database: Database, status: Status, **changes: Any) -> Task:
    """A task that came to a status by the real transitions; its queue must be empty otherwise."""
    if status is Status.SCHEDULED:
        task_id = add(database, run_at=NOW + 60 * SECOND, **changes)
    elif status is Status.QUEUED:
        task_id = add(database, **changes)
    else:
        claim = claimed(database, **changes)
        task_id = claim.id
        if status.final:
            assert settle(database, ending(claim, status))
    task = find(database, task_id)
    assert task.status is status
    return task


def claim_of(task: Task, **changes: Any) -> Claim:
    """The claim that a worker would have if the row were running as it stands."""
    plain: dict[str, Any] = {
        "seq": task.seq,
        "id": task.id,
        "queue": task.queue,
        "name": task.name,
        "attempt": task.attempt,
        "worker": task.worker or WORKER,
        "retries": task.retries,
        "crash_limit": task.crash_limit,
        "heartbeat": task.heartbeat,
        "args": task.args,
        "run_at": task.run_at,
        "started_at": task.started_at or NOW,
        "cancel_requested_at": task.cancel_requested_at,
    }
    return Claim(**plain | changes)


def cancel(database: Database, task_id: str, now: datetime = NOW) -> Status | None:
    """Cancel a task that waits, or ask it to stop."""
    return database.write(lambda c: upkeep.cancel(c, task_id, now=now, purge_at=PURGE_AT))


def retry(database: Database, task_id: str, now: datetime = NOW) -> bool:
    """Queue a finished task once more."""
    return database.write(lambda c: upkeep.retry_by_hand(c, task_id, now=now))


def attempts(database: Database, seq: int) -> list[dict[str, Any]]:
    """What ``task_attempts`` keeps of a task."""
    query = select(task_attempts).where(task_attempts.c.task_seq == seq)
    with database.read() as connection:
        rows = connection.execute(query.order_by(task_attempts.c.attempt)).mappings()
        return [dict(row) for row in rows]


def counts(database: Database) -> dict[tuple[str, str, str, str], int]:
    """The running totals: (day, queue, name, status) -> n."""
    with database.read() as connection:
        rows = connection.execute(select(task_counts)).all()
    return {(row.day, row.queue, row.name, row.status): row.n for row in rows}
