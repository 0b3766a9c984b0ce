"""One exchange, for both sides: what a worker gives to the tables, and what should come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from taskrow.engine.exchange import Give, Turns
from taskrow.engine.queue import QueueEngine
from taskrow.storage.claims import Attempt, Beaten
from tests.model.ends import SAID, should_end
from tests.model.oracle import Model
from tests.model.place import LEASE
from tests.model.rows import Held, Row

End = tuple[Held, str, str | None]  # how it ends, and its last word of progress


@dataclass
class Exchange:
    """What a worker wants. Some of what it holds it may have lost long ago."""

    worker: str
    ends: Sequence[End] = ()
    says: Sequence[tuple[Held, str]] = ()
    beat: bool = False
    capacity: int = 0
    queues: Sequence[str] | None = None
    turns: Turns = field(default_factory=Turns)

    def __post_init__(self) -> None:
        self.says = [(held.latest, words) for held, words in self.says]
        by_claim = {held.latest: (how, words) for held, how, words in reversed(self.ends)}
        self.ends = [(held, *end) for held, end in by_claim.items()]

    def give(self, engine: QueueEngine, now: datetime) -> Give:
        """In the words of the real one."""
        return Give(
            worker=self.worker,
            now=now,
            lease=now + LEASE,
            endings=[
                replace(SAID[how](engine, held.claim, now), progress=words)
                for held, how, words in self.ends
            ],
            progress=[(held.claim, words) for held, words in self.says],
            beat=self.beat,
            capacity=self.capacity,
            queues=self.queues,
            turns=self.turns,
        )

    def should_end(self, model: Model, now: datetime) -> list[Held]:
        """Those whose ends come too late. Plain successes are written first, all together."""
        in_order = sorted(self.ends, key=lambda end: end[1] != "succeed")
        return [held for held, how, words in in_order if not _ends(model, held, how, words, now)]

    def should_say(self) -> None:
        """Who has lost a task has nothing to say of it."""
        for held, words in self.says:
            if held.is_held:
                held.row.progress = words

    def should_beat(self, model: Model, now: datetime) -> dict[Attempt, Beaten]:
        """What the worker runs, and what of it shall stop: from now on it knows."""
        beaten = model.beat(self.worker, now + LEASE)
        for row in beaten:
            if row.cancel_requested_at is not None and row.holder is not None:
                row.holder.asked = True
                row.holder.claim = replace(row.holder.claim, cancel_requested_at=now)
        return {
            (row.seq, row.attempt): Beaten(
                cancel=row.cancel_requested_at is not None,
                terminate=row.terminate_requested_at is not None,
            )
            for row in beaten
        }

    def should_claim(self, model: Model) -> list[Row]:
        if not self.capacity:
            return []
        turns = self.turns
        return model.choose(self.capacity, self.queues, turns.since_oldest, turns.last_queue)


def _ends(model: Model, held: Held, how: str, words: str | None, now: datetime) -> bool:
    if held.is_held and words is not None:
        held.row.progress = words
    return should_end(model, held, how, now)
