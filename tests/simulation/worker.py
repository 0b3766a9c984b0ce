"""A worker of the simulation: the real claims, endings and rules, without processes."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from taskrow.engine import endings
from taskrow.engine.exchange import Give, Take, exchange
from taskrow.engine.inline import InlineWorker
from taskrow.engine.strays import Strays
from taskrow.engine.upkeep import Upkeep
from taskrow.errors import DatabaseError
from taskrow.storage.liveness import Liveness

if TYPE_CHECKING:
    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.claims import Attempt, Claim
    from taskrow.storage.finish import Ending
    from tests.simulation.hub import Machine

_STEP = 0.05  # seconds between looks whether another fibre's exchange is over
_REST = 1.5  # seconds after trouble
_IDLE = 2.0, 8.0  # seconds, where nothing is to be done


class Seen(Liveness):
    """Who is dead, as far as the same machine could tell; of others nothing is known."""

    def __init__(self) -> None:
        self.dead: set[str] = set()

    def is_gone(self, worker: str) -> bool:
        return worker in self.dead

    def close(self) -> None:
        self.dead.clear()


class SimulatedWorker(InlineWorker):
    """Three fibres on one machine: who runs tasks, who beats, who looks after others."""

    def __init__(self, engine: QueueEngine, machine: Machine, seen: Seen) -> None:
        super().__init__(engine, machine.name)
        self._machine, self._hub = machine, machine.hub
        self._held: dict[Attempt, Claim] = {}
        self._is_exchanging = False
        self._strays = Strays(engine, self.id)
        self._upkeep = Upkeep(engine, self.id, seen)
        for fibre in (self._work, self._beat, self._care):
            self._hub.spawn(machine, fibre)

    def _work(self) -> None:
        while True:
            claimed = self._exchange(capacity=self._hub.chance.randint(1, 3)).claimed
            self._held |= {claim.which: claim for claim in claimed}
            for claim in claimed:
                if self._hub.chance.random() < 0.1:
                    self._exchange(endings.released(self._engine, claim, self._engine.clock()))
                else:
                    self.run(claim)
                self._held.pop(claim.which)
            if not claimed:
                self._hub.sleep(self._hub.chance.uniform(*_IDLE))

    def _beat(self) -> None:
        while True:
            self._hub.sleep(self._engine.settings.heartbeat)
            take = self._exchange(beat=True)
            for claim in self._strays.find(take.beaten or {}, self._held):
                self._exchange(endings.released(self._engine, claim, self._engine.clock()))

    def _care(self) -> None:
        while True:
            self._hub.sleep(self._hub.chance.uniform(2.5, 7.5))
            try:
                self._upkeep.reclaim(self._engine.clock(), self._hub.now)
            except DatabaseError:
                continue

    def _exchange(self, *ended: Ending, capacity: int = 0, beat: bool = False) -> Take:
        """As a supervisor does it: what is unwritten is tried again, and before all that follows.

        Else a release that is told twice would meet the same worker's next claim of the attempt.
        """
        while self._is_exchanging:
            self._hub.sleep(_STEP)
        self._is_exchanging = True
        try:
            return self._exchange_until_written(ended, capacity, beat)
        finally:
            self._is_exchanging = False

    def _exchange_until_written(self, ended: tuple[Ending, ...], capacity: int, beat: bool) -> Take:
        while True:
            with suppress(DatabaseError):
                return self._exchange_once(ended, capacity, beat)
            self._hub.sleep(_REST)

    def _exchange_once(self, ended: tuple[Ending, ...], capacity: int, beat: bool) -> Take:
        now, lease = self._engine.clock(), timedelta(seconds=self._engine.settings.lease)
        give = Give(
            worker=self.id,
            now=now,
            lease=now + lease,
            endings=ended,
            capacity=capacity,
            beat=beat,
        )
        return self._engine.database.write(lambda connection: exchange(connection, give))
