"""Whether what tasks run is what was submitted: every row against its checksum."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Select, select

from taskrow.domain.checksum import checksum_of
from taskrow.storage.invariants import Finding
from taskrow.storage.tables import task_requests, tasks

_ARGUMENTS = select(tasks.c.seq, tasks.c.id, tasks.c.args_checksum, tasks.c.args).where(
    tasks.c.args_checksum.is_not(None)
)
_REQUESTS = (
    select(
        tasks.c.seq,
        tasks.c.id,
        task_requests.c.checksum,
        task_requests.c.request,
        task_requests.c.body,
    )
    .join(task_requests)
    .where(task_requests.c.checksum.is_not(None))
)
# Rows in one statement: as large as payloads and bodies may be, they fit into the memory.
_LOOKS: tuple[tuple[str, str, Select[Any], int], ...] = (
    ("arguments", "the arguments of each task are those that were submitted", _ARGUMENTS, 200),
    ("requests", "the stored request of each task is the one that was sent", _REQUESTS, 20),
)


def altered(connection: Connection) -> Iterator[Finding]:
    """Arguments and requests, and the tasks of which they have changed."""
    for name, promise, query, at_once in _LOOKS:
        yield Finding.of(name, promise, list(_altered(connection, query, at_once)))


def _altered(connection: Connection, query: Select[Any], at_once: int) -> Iterator[str]:
    last = 0
    page = query.order_by(tasks.c.seq).limit(at_once)
    while rows := connection.execute(page.where(tasks.c.seq > last)).all():
        for _, task_id, checksum, *parts in rows:
            if checksum != checksum_of(*parts):
                yield task_id
        last = rows[-1][0]
