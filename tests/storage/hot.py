"""Every statement that is run for each task, each look, each status read or each batch of a purge.

Each is work on a connection, on rows among which there are some of every kind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from taskrow.domain.task import Status
from taskrow.storage import (
    bulk,
    claims,
    counts,
    credentials,
    drained,
    finish,
    lanes,
    logs,
    pages,
    purge,
    queries,
    requests,
    schedules,
    upkeep,
    watched,
)
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending
from taskrow.storage.pages import Filters
from taskrow.storage.submit import StoredRequest, submit
from tests.storage.rows import LEASE, NOW, PURGE_AT, WORKER, ending, new_task

Work = Callable[[Connection], Any]

OLD = "00000400-0000-7000-8000-000000000000"  # the id of a finished row among many
SOME = [OLD, "00000401-0000-7000-8000-000000000000"]
LONG_AGO = NOW - timedelta(days=300)


def put(connection: Connection, **changes: Any) -> None:
    submit(connection, new_task(**changes), now=NOW)


def put_twice(connection: Connection, **changes: Any) -> None:
    put(connection, **changes)
    put(connection, **changes)


def take(connection: Connection, queue: str = "default", limit: int = 10) -> list[Claim]:
    return claims.claim(connection, worker="w", queue=queue, limit=limit, now=NOW, lease=LEASE)


def held(connection: Connection, status: Status, **changes: Any) -> Ending:
    """How a task ends that was just claimed."""
    put(connection, queue="mine")
    [claim] = take(connection, "mine")
    return ending(claim, status, **changes)


def end(connection: Connection, status: Status, **changes: Any) -> bool:
    return finish.end(connection, held(connection, status, **changes), now=NOW)


STATEMENTS: dict[str, Work] = {
    "submit": put,
    "submit with a key": lambda c: put_twice(c, unique_key="key11"),
    "submit once": lambda c: put_twice(c, idempotency_key="mine"),
    "submit once what was": lambda c: put(c, idempotency_key="idem402"),
    "submit a request": lambda c: submit(
        c, new_task(), now=NOW, request=StoredRequest("{}", b"x", b"sealed")
    ),
    "submit many": lambda c: bulk.submit_all(c, [new_task() for _ in range(9)], now=NOW),
    "claim": take,
    "claim of an empty queue": lambda c: take(c, "none"),
    "claim one": lambda c: claims.claim_one(c, OLD, worker="w", now=NOW, lease=LEASE),
    "promote": lambda c: upkeep.promote(c, now=LEASE),
    "promote early": lambda c: upkeep.promote_early(c, OLD, now=NOW),
    "next due": queries.next_due,
    "queues waiting": queries.queues_waiting,
    "is anything queued": queries.is_anything_queued,
    "is anything queued in": lambda c: queries.is_anything_queued(c, ["none", "default"]),
    "cancels asked": lambda c: queries.cancels_asked(c, WORKER),
    "heartbeat": lambda c: claims.beat(c, worker=WORKER, lease=LEASE),
    "candidates for a reclaim": lambda c: claims.running_elsewhere(c, worker="w"),
    "progress": lambda c: claims.write_progress(c, [(held(c, Status.SUCCEEDED).claim, "{}")]),
    "succeed": lambda c: finish.succeed(c, [held(c, Status.SUCCEEDED)], now=NOW),
    "fail": lambda c: end(c, Status.FAILED),
    "retry": lambda c: end(c, Status.SCHEDULED),
    "release": lambda c: end(c, Status.QUEUED, outcome=None, purge_at=PURGE_AT),
    "reclaim": lambda c: finish.reclaim(c, held(c, Status.FAILED), now=NOW),
    "count": lambda c: counts.add_counts(c, [("q", "app.add", Status.SUCCEEDED, 1)], NOW),
    "usual seconds": lambda c: counts.usual_seconds(c, "app.add", now=NOW),
    "find": lambda c: queries.find(c, OLD),
    "find many": lambda c: queries.find_many(c, SOME),
    "watch for ends": lambda c: watched.find_ended(c, SOME),
    "watch for changes": lambda c: watched.find_marks(c, SOME),
    "the answer of a view": lambda c: requests.find_answer(c, OLD),
    "a stored request": lambda c: requests.find_request(c, OLD),
    "a fingerprint": lambda c: requests.find_fingerprint(c, OLD),
    "credentials": lambda c: credentials.find_credentials(c, OLD),
    "erase credentials": lambda c: credentials.erase_credentials(c, [1, 2, 3]),
    "logs": lambda c: logs.attempt_logs(c, OLD),
    "cancel": lambda c: upkeep.cancel(c, OLD, now=NOW, purge_at=PURGE_AT),
    "retry by hand": lambda c: upkeep.retry_by_hand(c, OLD, now=NOW),
    "forget": lambda c: purge.forget(c, OLD),
    "purge": lambda c: purge.purge(c, now=PURGE_AT, limit=20),
    "purge nothing": lambda c: purge.purge(c, now=LONG_AGO, limit=20),
    "purge what is older": lambda c: purge.purge_these(c, [1, 2, 3], finished_before=NOW),
    "schedules that are due": lambda c: schedules.coming_schedules(c, NOW),
    "purge of fires": lambda c: schedules.purge_fires(c, before=NOW, limit=20),
    "paused queues": lanes.pauses,
    "is it drained": lambda c: drained.is_drained(c, [], now=NOW),
    "is this drained": lambda c: drained.is_drained(c, ["default"], now=NOW),
    "the newest": queries.list_tasks,
    "what runs": lambda c: queries.list_tasks(c, statuses=[Status.RUNNING]),
    "a page": lambda c: pages.find_page(c, Filters()),
    "a page of mine": lambda c: pages.find_page(c, Filters(owner="me")),
    "a page of nobody's": lambda c: pages.find_page(c, Filters(owner="nobody")),
    "a page of what runs": lambda c: pages.find_page(c, Filters(statuses=[Status.RUNNING])),
    "a page of what is rare": lambda c: pages.find_page(c, Filters(names=["rare"]), window=300),
    "a later page of it": lambda c: pages.find_page(
        c, Filters(names=["rare"]), below=20_000, window=300
    ),
    "v_running": lambda c: c.exec_driver_sql("SELECT * FROM v_running").all(),
    "v_failed": lambda c: c.exec_driver_sql("SELECT * FROM v_failed").all(),
    "v_recent": lambda c: c.exec_driver_sql("SELECT * FROM v_recent").all(),
}
