"""The tables as plain Python: what each transition should make of them.

Written from docs/lifecycle.md and the docstrings, and without the code that it judges.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from tests.model.rows import Held, Row

KEPT = {  # how long finished rows are
    "succeeded": timedelta(hours=1),
    "cancelled": timedelta(hours=1),
    "failed": timedelta(hours=2),
}
ALL = ""  # every queue
_OLDEST_EVERY = 16


class Refused(Exception):
    """This cannot be done to a row that stands so; nothing changes."""


class Model:
    """All that the tables should hold."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}  # oldest first
        self.last_number = 0  # the highest that a row ever had
        self.counts: Counter[str] = Counter()
        self.effects: list[tuple[str, int]] = []
        self.paused: set[str] = set()

    def submit(self, row: Row, now: datetime) -> str:
        """Whose id a submit gives back."""
        for holder in self.rows.values():
            if row.idempotency_key and holder.idempotency_key == row.idempotency_key:
                return holder.id
        if (live := self._live_with(row.unique_key)) is not None:
            return live.id
        row.status = "scheduled" if row.run_at > now else "queued"
        self.rows[row.id] = row
        return row.id

    def _live_with(self, key: str | None) -> Row | None:
        for row in self.rows.values():
            if key is not None and row.unique_key == key and not row.is_final:
                return row
        return None

    # -- workers ---------------------------------------------------------------------------------

    def promote(self, now: datetime) -> datetime | None:
        """What is due is queued; returns when something is next."""
        for row in self.in_status("scheduled"):
            if row.run_at <= now:
                row.status = "queued"
        return min((row.run_at for row in self.in_status("scheduled")), default=None)

    def waiting(self) -> list[Row]:
        return self.in_status("queued", "scheduled")

    def in_status(self, *statuses: str) -> list[Row]:
        return [row for row in self.rows.values() if row.status in statuses]

    def choose(
        self, capacity: int, queues: Sequence[str] | None, since_oldest: int, last: str
    ) -> list[Row]:
        """What a worker is given: of each queue its share, by priority, and then by age."""
        chosen: list[Row] = []
        in_turn = self._in_turn(queues, last)
        for place, queue in enumerate(in_turn):
            left = len(in_turn) - place
            share = (capacity - len(chosen) + left - 1) // left
            some = self._choose_of(queue, share, (since_oldest + share) // _OLDEST_EVERY)
            since_oldest = (since_oldest + len(some)) % _OLDEST_EVERY
            chosen += some
        return chosen

    def _in_turn(self, queues: Sequence[str] | None, last: str) -> list[str]:
        names = sorted({row.queue for row in self.claimable()} if queues is None else queues)
        return [name for name in names if name > last] + [name for name in names if name <= last]

    def claimable(self, soon: datetime | None = None) -> list[Row]:
        """What is queued, or will be by a time, in queues that are not paused."""
        queued = self.in_status("queued")
        if soon is not None:
            queued += [row for row in self.in_status("scheduled") if row.run_at <= soon]
        return [row for row in queued if not self.paused & {row.queue, ALL}]

    def _choose_of(self, queue: str, share: int, oldest: int) -> list[Row]:
        waiting = [row for row in self.claimable() if row.queue == queue]
        first = [row for row in waiting if row.priority == waiting[0].priority][:oldest]
        others = sorted((row for row in waiting if row not in first), key=_by_priority)
        return sorted(first + others[: share - len(first)], key=_by_priority)

    def claim(self, row: Row, worker: str, now: datetime, lease: datetime) -> None:
        row.status, row.worker = "running", worker
        row.attempt += 1
        row.heartbeat += 1
        row.started_at, row.lease_expires_at = now, lease
        row.error = None
        if row.unique_key is not None and row.unique_key.startswith("waiting:"):
            row.unique_key = None

    def beat(self, worker: str, lease: datetime) -> list[Row]:
        """All that this worker runs, and nothing else, has a lease again."""
        beaten = [row for row in self.in_status("running") if row.worker == worker]
        for row in beaten:
            row.heartbeat += 1
            row.lease_expires_at = lease
            if row.holder is not None:
                row.holder.beats += 1
        return beaten

    # -- how an attempt comes to its end ---------------------------------------------------------

    def end(self, row: Row, status: str, now: datetime) -> None:
        """For good; ``counts`` know it, too."""
        self._leave(row)
        row.status, row.finished_at, row.purge_at = status, now, now + KEPT[status]
        self.counts[status] += 1

    def put_back(self, row: Row, held: Held, run_at: datetime | None = None) -> None:
        """It was not run: the attempt does not count, and what it let go is its own again."""
        self._leave(row)
        row.attempt -= 1
        row.status = "queued" if run_at is None else "scheduled"
        row.run_at = run_at or row.run_at
        key = held.claim.unique_key
        if key is not None and key.startswith("waiting:") and self._live_with(key) is None:
            row.unique_key = key

    def run_again(self, row: Row, run_at: datetime, jitter: float = 0) -> None:
        self._leave(row)
        row.status, row.run_at = "scheduled", run_at
        row.jitter = timedelta(seconds=jitter)

    def _leave(self, row: Row) -> None:
        row.holder = row.lease_expires_at = None
        row.error = None

    # -- by hand ---------------------------------------------------------------------------------

    def cancel(self, row: Row, now: datetime, *, ask: bool, terminate: bool) -> None:
        if row.is_final or (row.status == "running" and not ask):
            raise Refused
        if row.status != "running":
            error = row.error
            self.end(row, "cancelled", now)
            row.error = error
            return
        row.cancel_requested_at = row.cancel_requested_at or now
        if terminate:
            row.terminate_requested_at = row.terminate_requested_at or now

    def retry(self, row: Row, now: datetime) -> None:
        if not row.is_final or self._live_with(row.unique_key) is not None:
            raise Refused
        row.status, row.run_at = "queued", now
        row.finished_at = row.purge_at = row.expires_at = None
        row.cancel_requested_at = row.terminate_requested_at = None
        row.progress = row.result = row.winner = None

    def recall(self, now: datetime) -> int:
        """What no worker knew is known: it is due at once."""
        back = [row for row in self.in_status("scheduled") if row.error == "UnknownTask"]
        for row in back:
            row.run_at = now
        return len(back)

    def delete(self, rows: Iterable[Row]) -> int:
        """Finished rows go; what is not finished never does."""
        going = [row for row in rows if row.is_final]
        for row in going:
            del self.rows[row.id]
        return len(going)


def _by_priority(row: Row) -> tuple[int, int]:
    return -row.priority, row.seq
