"""Flaws that a harness must notice; each is put into this process, and taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, bindparam, select

from taskrow.engine import committing, endings
from taskrow.engine.committing import Committer
from taskrow.engine.upkeep import Upkeep
from taskrow.storage import claims, finish
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending
from taskrow.storage.tables import tasks

Flaw = Callable[[], Iterator[Any]]
# How the tables complain: of a change to a final row (their trigger), of a second record of an
# attempt (SQLite, PostgreSQL), of a row that cannot be.
REFUSED_BY_TABLES = (
    "a finished task cannot change",
    "UNIQUE constraint failed: task_attempts.task_seq, task_attempts.attempt",
    'violates unique constraint "task_attempts_pkey"',
    "CHECK constraint failed: ck_tasks_",
)

_ANY_ATTEMPT = (
    bindparam("at_attempt") == bindparam("at_attempt"),
    bindparam("at_worker") == bindparam("at_worker"),
)
BY_SEQ = (tasks.c.seq == bindparam("at_seq"), *_ANY_ATTEMPT)


@contextmanager
def flawed(flaw: Flaw | None) -> Iterator[None]:
    """With this flaw; None: with none."""
    with ExitStack() as patches:
        for one in [] if flaw is None else flaw():
            patches.enter_context(one)
        yield


def no_fence() -> Iterator[Any]:
    """Whoever comes writes how a task ended."""
    yield patch.object(finish, "FENCE", BY_SEQ)
    yield patch.object(claims, "FENCE", BY_SEQ)
    with patch.object(finish, "OWN_ATTEMPT", _ANY_ATTEMPT):
        statements = finish._succeed_statements()
    yield patch.object(finish, "_SUCCEED", statements)


def unfenced_reclaim() -> Iterator[Any]:
    """What was read a while ago is taken back, whoever has it now."""

    def reclaim(connection: Connection, ending: Ending, *, now: datetime) -> bool:
        with patch.object(finish, "FENCE", BY_SEQ):
            return finish._end(connection, ending, now)

    yield patch.object(finish, "reclaim", reclaim)


def wall_clock_lease() -> Iterator[Any]:
    """A lease expires by the clock of whoever looks."""

    def silent(self: Upkeep, others: list[Claim], _: float) -> list[Claim]:
        now = self._engine.clock()
        with self._engine.database.read() as connection:
            late = select(tasks.c.seq).where(tasks.c.lease_expires_at < now)
            seqs = set(connection.execute(late).scalars())
        return [claim for claim in others if claim.seq in seqs]

    yield patch.object(Upkeep, "_silent", silent)


def effects_apart() -> Iterator[Any]:
    """A task's own writes are committed before its success is."""
    patiently = Committer._commit_patiently

    def commit(self: Any, work: Any, then: Callable[[Connection], None]) -> None:
        committing.commit_directly(self._engine, work)
        patiently(self, lambda _: None, then)

    yield patch.object(Committer, "_commit_patiently", commit)


def uncounted_losses() -> Iterator[Any]:
    """Who loses its worker runs again under the same number."""
    lost = endings.lost

    def uncounted(*args: Any) -> Ending:
        return replace(lost(*args), outcome=None)

    yield patch.object(endings, "lost", uncounted)


def no_lease() -> Iterator[Any]:
    """The first look at another worker's task takes it away."""

    def silent(_: Upkeep, others: list[Claim], __: float) -> list[Claim]:
        return others

    yield patch.object(Upkeep, "_silent", silent)


def double_claim() -> Iterator[Any]:
    """A claim takes what is not over, be it running already."""
    live = select(tasks.c.seq).where(tasks.c.finished_at.is_(None))
    of_queue = (
        live.where(tasks.c.queue == bindparam("of_queue"))
        .order_by(tasks.c.priority.desc(), tasks.c.seq)
        .limit(bindparam("at_most"))
    )
    yield patch.object(claims, "_CLAIM", claims._claim_statement(of_queue, "of_queue", "at_most"))


def uncounted_ends() -> Iterator[Any]:
    """The running totals do not learn what has ended."""
    yield patch.object(finish, "_count", lambda *_: None)
