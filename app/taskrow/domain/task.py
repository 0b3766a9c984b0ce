"""The six statuses, the allowed transitions as data, and the frozen record of one row.

The transitions are drawn in docs/lifecycle.md; the database enforces the same rules with CHECKs and
the trigger on final rows (storage/tables.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    """Where a task stands."""

    SCHEDULED = "scheduled"  # run_at lies in the future: a delay or a retry
    QUEUED = "queued"  # ready for a worker
    RUNNING = "running"  # claimed by a worker
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        return self in FINAL


def status_of(text: str) -> Status:
    """The status that a row has.

    One that is none of the six, as after a flipped bit, is shown as it stands; it is not final, and
    nobody acts on it.
    """
    found = _STATUSES.get(text)
    return _damaged(text) if found is None else found


def _damaged(text: str) -> Status:
    status = str.__new__(Status, text)
    status._name_, status._value_ = "DAMAGED", text
    return status


_STATUSES = {status.value: status for status in Status}
FINAL = frozenset({Status.SUCCEEDED, Status.FAILED, Status.CANCELLED})
LIVE = frozenset(Status) - FINAL


@dataclass(frozen=True)
class Transition:
    """One way a row may change: the statuses that it leaves and those that it can reach."""

    leaves: frozenset[Status]
    reaches: frozenset[Status]


def _transition(leaves: set[Status], reaches: set[Status]) -> Transition:
    return Transition(frozenset(leaves), frozenset(reaches))


TRANSITIONS: dict[str, Transition] = {
    "submit": _transition(set(), {Status.QUEUED, Status.SCHEDULED}),
    "promote": _transition({Status.SCHEDULED}, {Status.QUEUED}),
    "claim": _transition({Status.QUEUED}, {Status.RUNNING}),
    "succeed": _transition({Status.RUNNING}, {Status.SUCCEEDED}),
    "fail": _transition({Status.RUNNING}, {Status.FAILED}),
    "retry": _transition({Status.RUNNING}, {Status.SCHEDULED}),
    "release": _transition({Status.RUNNING}, {Status.QUEUED, Status.SCHEDULED}),
    "stop": _transition({Status.RUNNING}, {Status.CANCELLED}),
    "cancel": _transition({Status.SCHEDULED, Status.QUEUED}, {Status.CANCELLED}),
    "reclaim": _transition({Status.RUNNING}, {Status.SCHEDULED, Status.FAILED, Status.CANCELLED}),
    "retry by hand": _transition(set(FINAL), {Status.QUEUED}),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One row of ``tasks``, as read; field names are column names. Times are UTC."""

    seq: int
    id: str
    queue: str
    name: str
    status: Status
    priority: int
    run_at: datetime
    attempt: int
    retries: int
    crash_limit: int
    worker: str | None
    lease_expires_at: datetime | None
    heartbeat: int
    cancel_requested_at: datetime | None
    unique_key: str | None
    args: str
    progress: str | None
    result: str | None
    error: str | None
    traceback: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    purge_at: datetime | None
    owner: str | None = None
    idempotency_key: str | None = None
    terminate_requested_at: datetime | None = None

    @classmethod
    def of_values(cls, values: Sequence[Any]) -> Task:
        """The record of a whole row: its values in the order of the fields.

        At once: to set the fields one by one takes as long as to read the row.
        """
        task = cls.__new__(cls)
        vars(task).update(zip(FIELDS, values, strict=True))
        return task


FIELDS = tuple(field.name for field in fields(Task))
