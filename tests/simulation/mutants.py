"""Flaws that a history must show; each is put into this process, and taken out again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from unittest.mock import patch

from sqlalchemy import Connection, bindparam, select

from taskrow.domain.ids import new_id
from taskrow.engine import committing, endings
from taskrow.engine.committing import Committer
from taskrow.engine.exchange import Take
from taskrow.engine.queue import QueueEngine
from taskrow.engine.strays import Strays
from taskrow.engine.upkeep import Upkeep
from taskrow.errors import DatabaseError
from taskrow.storage import claims, finish
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending
from taskrow.storage.tables import tasks
from tests.simulation.worker import SimulatedWorker

Patches = Callable[[], Iterator[Any]]

_ANY_ATTEMPT = (
    bindparam("at_attempt") == bindparam("at_attempt"),
    bindparam("at_worker") == bindparam("at_worker"),
)
_BY_SEQ = (tasks.c.seq == bindparam("at_seq"), *_ANY_ATTEMPT)


def _no_fence() -> Iterator[Any]:
    """Whoever comes writes how a task ended."""
    yield patch.object(finish, "FENCE", _BY_SEQ)
    yield patch.object(claims, "FENCE", _BY_SEQ)
    with patch.object(finish, "OWN_ATTEMPT", _ANY_ATTEMPT):
        statements = finish._succeed_statements()
    yield patch.object(finish, "_SUCCEED", statements)


def _unfenced_reclaim() -> Iterator[Any]:
    """What was read a while ago is taken back, whoever has it now."""

    one = Upkeep._reclaim_one

    def reclaim(connection: Connection, ending: Ending, *, now: datetime) -> bool:
        with patch.object(finish, "FENCE", _BY_SEQ):
            return finish._end(connection, ending, now)

    def slowly(self: Upkeep, *args: Any) -> bool:
        self._engine.database.wait(self._engine.settings.lease)  # type: ignore[attr-defined]
        return one(self, *args)

    yield patch.object(finish, "reclaim", reclaim)
    yield patch.object(Upkeep, "_reclaim_one", slowly)


def _wall_clock_lease() -> Iterator[Any]:
    """A lease expires by the clock of whoever looks."""

    def silent(self: Upkeep, others: list[Claim], _: float) -> list[Claim]:
        now = self._engine.clock()
        with self._engine.database.read() as connection:
            late = select(tasks.c.seq).where(tasks.c.lease_expires_at < now)
            seqs = set(connection.execute(late).scalars())
        return [claim for claim in others if claim.seq in seqs]

    yield patch.object(Upkeep, "_silent", silent)


def _effects_apart() -> Iterator[Any]:
    """A task's own writes are committed before its success is."""
    patiently = Committer._commit_patiently

    def commit(self: Any, work: Any, then: Callable[[Connection], None]) -> None:
        committing.commit_directly(self._engine, work)
        patiently(self, lambda _: None, then)

    yield patch.object(Committer, "_commit_patiently", commit)


def _answer_before_commit() -> Iterator[Any]:
    """A submit returns, whatever becomes of its transaction."""
    submit = QueueEngine.submit

    def early(self: QueueEngine, *args: Any, **kwargs: Any) -> str:
        task_id = new_id(self.clock())
        try:
            return submit(self, *args, **kwargs, task_id=task_id)
        except DatabaseError:
            return task_id

    yield patch.object(QueueEngine, "submit", early)


def _no_strays() -> Iterator[Any]:
    """Nobody looks for claims whose news was lost."""

    def find(*_: Any) -> list[Claim]:
        return []

    yield patch.object(Strays, "find", find)


def _forgotten_endings() -> Iterator[Any]:
    """An outcome that could not be written at once is dropped."""
    once = SimulatedWorker._exchange_once

    def exchange(self: SimulatedWorker, *args: Any) -> Take:
        try:
            return once(self, *args)
        except DatabaseError:
            return Take()

    yield patch.object(SimulatedWorker, "_exchange_once", exchange)


def _lost_attempts_are_not_counted() -> Iterator[Any]:
    """Who loses its worker runs again under the same number."""
    lost = endings.lost

    def uncounted(*args: Any) -> Ending:
        return replace(lost(*args), outcome=None)

    yield patch.object(endings, "lost", uncounted)


def _silence_is_at_once() -> Iterator[Any]:
    """The first look at another worker's task takes it away."""

    def silent(_: Upkeep, others: list[Claim], __: float) -> list[Claim]:
        return others

    yield patch.object(Upkeep, "_silent", silent)


MUTANTS: Mapping[str, Patches] = {
    "no-fence": _no_fence,
    "unfenced-reclaim": _unfenced_reclaim,
    "wall-clock-lease": _wall_clock_lease,
    "effects-apart": _effects_apart,
    "answer-before-commit": _answer_before_commit,
    "no-strays": _no_strays,
    "forgotten-endings": _forgotten_endings,
    "uncounted-losses": _lost_attempts_are_not_counted,
    "no-lease": _silence_is_at_once,
}


@contextmanager
def mutated(name: str | None) -> Iterator[None]:
    """With this flaw; None: with none."""
    patches = [] if name is None else list(MUTANTS[name]())
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()
