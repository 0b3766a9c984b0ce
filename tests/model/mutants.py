"""Flaws that a life must show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, Select, bindparam, delete, update

from taskrow.storage import claims, purge, upkeep
from taskrow.storage.prepared import Prepared
from taskrow.storage.tables import tasks
from tests.support import flaws
from tests.support.flaws import BY_SEQ, Flaw

_COUNT_BACK = {
    "sqlite": "DELETE FROM sqlite_sequence WHERE name = 'tasks'",
    "postgresql": "SELECT setval('tasks_seq_seq', coalesce(max(seq), 0) + 1, false) FROM tasks",
}


def _zombie_progress() -> Iterator[Any]:
    """Who has lost a task goes on to say how far it is."""
    values = update(tasks).where(*BY_SEQ).values(progress=bindparam("to_progress"))
    unfenced = Prepared(values, "at_seq", "at_attempt", "at_worker", "to_progress")
    yield patch.object(claims, "_WRITE_PROGRESS", unfenced)


def _unguarded_purge() -> Iterator[Any]:
    """What was found to be old is deleted, though it was retried since."""

    def purge_these(connection: Connection, seqs: Sequence[int], **_: Any) -> int:
        return connection.execute(delete(tasks).where(tasks.c.seq.in_(seqs))).rowcount

    yield patch.object(purge, "purge_these", purge_these)


def _numbers_again() -> Iterator[Any]:
    """The number of the newest row is that of the next one, too, when the newest is purged."""
    delete_picked = purge._delete

    def delete_and_count_back(connection: Connection, picked: Select[tuple[int]]) -> int:
        deleted = delete_picked(connection, picked)
        connection.exec_driver_sql(_COUNT_BACK[connection.dialect.name])
        return deleted

    yield patch.object(purge, "_delete", delete_and_count_back)


def _early_promote() -> Iterator[Any]:
    """What is scheduled does not wait for its time, once anything is due."""
    yield patch.object(
        upkeep,
        "_PROMOTE",
        update(tasks).where(upkeep._SCHEDULED).values(status="queued").returning(tasks.c.seq),
    )


MUTANTS: Mapping[str, Flaw] = {
    "no-fence": flaws.no_fence,
    "zombie-progress": _zombie_progress,
    "unfenced-reclaim": flaws.unfenced_reclaim,
    "wall-clock-lease": flaws.wall_clock_lease,
    "no-lease": flaws.no_lease,
    "effects-apart": flaws.effects_apart,
    "double-claim": flaws.double_claim,
    "uncounted-losses": flaws.uncounted_losses,
    "uncounted-ends": flaws.uncounted_ends,
    "unguarded-purge": _unguarded_purge,
    "numbers-again": _numbers_again,
    "early-promote": _early_promote,
}
