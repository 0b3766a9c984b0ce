"""Rules of those who submit tasks, change their minds, and look after the tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import MultipleResults, initialize, multiple, precondition, rule
from sqlalchemy import Connection

from taskrow.domain.options import TaskOptions
from taskrow.engine import lanes
from taskrow.storage import purge, upkeep
from taskrow.storage.bulk import submit_all
from taskrow.storage.submit import NewTask, PlainRow, plain_row_of
from tests.model.oracle import ALL
from tests.model.place import NAME
from tests.model.rows import Row
from tests.model.world import QUEUES, ROWS, SECOND, World


@dataclass(frozen=True)
class Wish:
    """What somebody submits. wait, expires: seconds."""

    queue: str
    priority: int
    retries: int
    crash_limit: int
    wait: int
    expires: int | None
    unique: str | None
    key: str | None


WISHES = st.builds(
    Wish,
    queue=st.sampled_from(QUEUES),
    priority=st.sampled_from([0, 0, 7, -7]),
    retries=st.sampled_from([1, 2, 0]),
    crash_limit=st.sampled_from([3, 3, 1, 0]),
    wait=st.sampled_from([0, 0, 0, 0, 10, -10]),
    expires=st.sampled_from([None, None, 10]),
    unique=st.sampled_from([None, None, None, "task:work", "waiting:work"]),
    key=st.sampled_from([None, None, None, "key"]),
)


@cache
def _options(queue: str, priority: int, retries: int, crash_limit: int) -> TaskOptions:
    return TaskOptions(queue=queue, priority=priority, retries=retries, crash_limit=crash_limit)


def _own_of(row: Row) -> dict[str, Any]:
    """What a submit is told beside the options of its function."""
    return {
        "run_at": row.run_at,
        "expires_at": row.expires_at,
        "task_id": row.id,
        "unique_key": row.unique_key,
        "idempotency_key": row.idempotency_key,
    }


def _options_of(row: Row) -> TaskOptions:
    return _options(row.queue, row.priority, row.retries, row.crash_limit)


_SOME_ARE_OVER = precondition(lambda self: any(r.is_final for r in self.model.rows.values()))


class People(World):
    """What comes from outside of the workers."""

    def __init__(self) -> None:
        super().__init__()
        self._made = 0

    @initialize(target=ROWS, wishes=st.lists(WISHES, min_size=1, max_size=3))
    def begin(self, wishes: list[Wish]) -> MultipleResults[Row]:
        return self._submit_all([self._row_of(wish) for wish in wishes])

    @rule(target=ROWS, wishes=st.lists(WISHES, min_size=1, max_size=2), together=st.booleans())
    def submit(self, wishes: list[Wish], together: bool) -> MultipleResults[Row]:
        rows = [self._row_of(wish) for wish in wishes]
        if together:
            return self._submit_all(rows)
        return multiple(*(row for row in rows if self._submit_one(row)))

    def _submit_one(self, row: Row) -> bool:
        found = self.place.engine.submit(NAME, "{}", _options_of(row), **_own_of(row))
        assert found == self.model.submit(row, self.now)
        return found == row.id

    def _submit_all(self, rows: Sequence[Row]) -> MultipleResults[Row]:
        now, new = self.now, [self._new_task(row) for row in rows]
        found = self.place.database.write(lambda c: submit_all(c, new, now=now))
        assert found == [self.model.submit(row, now) for row in rows]
        return multiple(*(row for row in rows if row.id in found))

    def _row_of(self, wish: Wish) -> Row:
        self._made += 1
        return Row(
            id=f"019aa000-0000-7000-8000-{self._made:012x}",
            queue=wish.queue,
            priority=wish.priority,
            retries=wish.retries,
            crash_limit=wish.crash_limit,
            created_at=self.now,
            run_at=self.now + max(wish.wait, 0) * SECOND,
            expires_at=None if wish.expires is None else self.now + wish.expires * SECOND,
            unique_key=wish.unique,
            idempotency_key=wish.key,
        )

    def _new_task(self, row: Row) -> NewTask | PlainRow:
        options = _options_of(row)
        task = self.place.engine.new_task(NAME, "{}", options, now=self.now, **_own_of(row))
        is_plain = row.unique_key is None and row.idempotency_key is None
        return plain_row_of(task, self.now) if is_plain else task

    @rule(row=ROWS, ask=st.booleans(), terminate=st.booleans())
    def cancel(self, row: Row, ask: bool, terminate: bool) -> None:
        self.do_alike(
            row,
            lambda: self.place.engine.cancel(row.id, ask_running=ask, terminate=terminate),
            lambda: self.model.cancel(row, self.now, ask=ask, terminate=terminate),
        )

    @_SOME_ARE_OVER
    @rule(row=ROWS)
    def retry_by_hand(self, row: Row) -> None:
        self.do_alike(
            row,
            lambda: self.place.engine.retry(row.id),
            lambda: self.model.retry(row, self.now),
        )

    @precondition(lambda self: any(row.error == "UnknownTask" for row in self.model.waiting()))
    @rule()
    def recall_what_was_unknown(self) -> None:
        now = self.now
        recalled = self.place.database.write(lambda c: upkeep.recall_unknown(c, [NAME], now=now))
        assert recalled == self.model.recall(now)

    @rule(queue=st.sampled_from([*QUEUES, ALL]))
    def pause_or_resume(self, queue: str) -> None:
        engine, paused = self.place.engine, self.model.paused
        if paused:
            resumed = [
                lanes.resume(engine, one) if one else lanes.resume_all(engine)
                for one in (*QUEUES, ALL)
            ]
            assert resumed == [one in paused for one in (*QUEUES, ALL)]
        else:
            lanes.pause(engine, queue) if queue else lanes.pause_all(engine)
        self.model.paused = set() if paused else {queue}
        assert set(lanes.paused(engine)) == self.model.paused

    # -- what goes -------------------------------------------------------------------------------

    @_SOME_ARE_OVER
    @rule(row=ROWS, how=st.sampled_from(["due", "older", "this one", "newest"]))
    def purge(self, row: Row, how: str) -> None:
        now, rows = self.now, list(self.model.rows.values())
        if how == "due":
            due = [one for one in rows if one.purge_at is not None and one.purge_at <= now]
            self._delete(due, lambda c: purge.purge(c, now=now, limit=1000))
        elif how == "older":
            self._purge_older(rows, now - timedelta(seconds=60))
        else:
            row = self._newest_of_those_over() if how == "newest" else row
            there = [row] if row.id in self.model.rows else []
            self._delete(there, lambda c: int(purge.forget(c, row.id)))

    def _newest_of_those_over(self) -> Row:
        return next(row for row in reversed(self.model.rows.values()) if row.is_final)

    def _purge_older(self, rows: Sequence[Row], before: datetime) -> None:
        """Whatever was found a moment ago: what was retried since must stay."""
        with self.place.database.read() as connection:
            found = purge.find_older(connection, finished_before=before, after=0, limit=1000)
        old = [one for one in rows if one.finished_at is not None and one.finished_at <= before]
        assert list(found.seqs) == [one.seq for one in old]
        seqs = [one.seq for one in rows]
        self._delete(old, lambda c: purge.purge_these(c, seqs, finished_before=before))

    def _delete(self, rows: Sequence[Row], delete: Callable[[Connection], int]) -> None:
        deleted = self.place.database.write(delete)
        assert deleted == self.model.delete(rows)
