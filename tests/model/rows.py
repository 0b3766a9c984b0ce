"""Rows as they should be: plain Python."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from taskrow.storage.claims import Claim

FINAL = ("succeeded", "failed", "cancelled")


@dataclass(eq=False)
class Held:
    """A claim in the hands of a worker, which may act on it for ever. ``asked``: to stop.

    next: the same worker's own next claim of the same attempt, which it gave back in between. No
    two of these live at one time, and nothing tells what they write apart.
    """

    claim: Claim
    row: Row
    asked: bool = False
    beats: int = 0
    next: Held | None = None

    @property
    def latest(self) -> Held:
        return self if self.next is None else self.next.latest

    @property
    def is_held(self) -> bool:
        """Whether the task is still this worker's."""
        return self.row.holder is self


@dataclass(eq=False, kw_only=True)
class Row:
    """What a row should hold: its columns, and then what only the model knows of it."""

    id: str
    queue: str
    priority: int
    retries: int
    crash_limit: int
    created_at: datetime
    run_at: datetime
    expires_at: datetime | None
    unique_key: str | None
    idempotency_key: str | None
    status: str = "queued"
    attempt: int = 0
    worker: str | None = None
    heartbeat: int = 0
    lease_expires_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    terminate_requested_at: datetime | None = None
    progress: str | None = None
    result: str | None = None
    error: str | None = None  # its type
    started_at: datetime | None = None
    finished_at: datetime | None = None
    purge_at: datetime | None = None
    seq: int = 0  # as the database gave it
    holder: Held | None = None  # whose claim stands
    winner: Held | None = None  # who has succeeded
    jitter: timedelta = timedelta(0)  # its run_at may be later by so much
    ended: dict[int, tuple[str, str]] = field(default_factory=dict)  # attempt -> outcome, worker

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    def is_expired(self, now: datetime) -> bool:
        """Whether it should have begun by now, and never did."""
        never = self.attempt == (self.status == "running")
        return never and self.expires_at is not None and self.expires_at <= now

    def count_ended(self, outcome: str) -> int:
        """How many of its attempts ended so."""
        return sum(how == outcome for how, _ in self.ended.values())
