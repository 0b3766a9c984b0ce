"""Flaws that a history must show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from unittest.mock import patch

from taskrow.domain.ids import new_id
from taskrow.engine.exchange import Take
from taskrow.engine.queue import QueueEngine
from taskrow.engine.strays import Strays
from taskrow.engine.upkeep import Upkeep
from taskrow.errors import DatabaseError
from taskrow.storage.claims import Claim
from tests.simulation.worker import SimulatedWorker
from tests.support import flaws
from tests.support.flaws import Flaw


def _unfenced_reclaim() -> Iterator[Any]:
    """And between the look and the write a lease goes by."""
    yield from flaws.unfenced_reclaim()
    one = Upkeep._reclaim_one

    def slowly(self: Upkeep, *args: Any) -> bool:
        self._engine.database.wait(self._engine.settings.lease)  # type: ignore[attr-defined]
        return one(self, *args)

    yield patch.object(Upkeep, "_reclaim_one", slowly)


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


MUTANTS: Mapping[str, Flaw] = {
    "no-fence": flaws.no_fence,
    "unfenced-reclaim": _unfenced_reclaim,
    "wall-clock-lease": flaws.wall_clock_lease,
    "no-lease": flaws.no_lease,
    "effects-apart": flaws.effects_apart,
    "answer-before-commit": _answer_before_commit,
    "double-claim": flaws.double_claim,
    "uncounted-losses": flaws.uncounted_losses,
    "uncounted-ends": flaws.uncounted_ends,
    "no-strays": _no_strays,
    "forgotten-endings": _forgotten_endings,
}
