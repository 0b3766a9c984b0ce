"""Rules of the workers. What they once claimed they may act on for ever: they are zombies, too."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, multiple, precondition, rule
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from taskrow.engine import endings
from taskrow.engine.committing import Committer
from taskrow.engine.exchange import Turns, exchange
from taskrow.engine.upkeep import Upkeep
from taskrow.errors import ClaimLost
from taskrow.storage import claims, finish, upkeep
from taskrow.storage.claims import Claim
from taskrow.storage.liveness import Liveness
from tests.model.ends import AGAIN, SAID, result_of, should_lose, should_succeed
from tests.model.exchanges import End, Exchange
from tests.model.place import LEASE
from tests.model.rows import Held, Row
from tests.model.world import QUEUES, ROWS, World

HELD: Bundle[Held] = Bundle("held")
_PLACES = st.sampled_from("abc")  # each has a worker, and another one when that is dead
_WAYS = st.sampled_from([*SAID, *AGAIN])
_TWO_WAYS = st.just(("succeed", "succeed")) | st.tuples(_WAYS, _WAYS)
_WORDS = st.sampled_from(['{"current": 1}', '{"current": 2}'])
_LAST_WORDS = st.sampled_from([None, '{"current": 3}'])
_INSERT = text("INSERT INTO effects VALUES (:task, :attempt)")
_SOME_RUN = precondition(lambda self: self.model.in_status("running"))


class Undone(Exception):
    """Something goes wrong in the middle of a transaction."""


class Graves(Liveness):
    """Who is known to be dead."""

    def __init__(self) -> None:
        self.dead: set[str] = set()

    def is_gone(self, worker: str) -> bool:
        return worker in self.dead

    def close(self) -> None: ...


class Workers(World):
    """What workers do, alive or not."""

    def __init__(self) -> None:
        super().__init__()
        self._names = {place: f"{place}-1" for place in "abc"}
        self._graves = Graves()
        self._upkeeps: dict[str, Upkeep] = {}
        self._looks: dict[tuple[str, Held], tuple[int, float]] = {}
        self._held: dict[tuple[Row, int, str], Held] = {}
        self._acts = 0

    @initialize(target=HELD, place=_PLACES)
    def claim_first(self, place: str) -> MultipleResults[Held]:
        return self._exchange(Exchange(self._names[place], capacity=2))

    @precondition(lambda self: self.model.claimable(self.now))
    @rule(
        target=HELD,
        place=_PLACES,
        capacity=st.integers(1, 3),
        queues=st.sampled_from([None, None, QUEUES, QUEUES[:1]]),
        turns=st.builds(Turns, st.sampled_from([0, 15]), st.sampled_from(["", *QUEUES])),
    )
    def claim(
        self, place: str, capacity: int, queues: Sequence[str] | None, turns: Turns
    ) -> MultipleResults[Held]:
        worker = self._names[place]
        return self._exchange(Exchange(worker, capacity=capacity, queues=queues, turns=turns))

    def _who_acts(self, held: Held) -> Held:
        """Every other time one whose claim stands: of all there ever were, most are zombies."""
        self._acts += 1
        alive = [row.holder for row in self.model.in_status("running") if row.holder is not None]
        return alive[self._acts // 2 % len(alive)] if alive and self._acts % 2 else held.latest

    @rule(held=HELD, how=_WAYS, last_word=_LAST_WORDS)
    def end(self, held: Held, how: str, last_word: str | None) -> None:
        held = self._who_acts(held)
        self._exchange(Exchange(held.claim.worker, ends=[(held, how, last_word)]))

    @rule(held=HELD, words=_WORDS)
    def report_progress(self, held: Held, words: str) -> None:
        held = self._who_acts(held)
        self._exchange(Exchange(held.claim.worker, says=[(held, words)]))

    @_SOME_RUN
    @rule(place=_PLACES)
    def beat(self, place: str) -> None:
        self._exchange(Exchange(self._names[place], beat=True))

    @rule(target=HELD, held=HELD, other=HELD, ways=_TWO_WAYS, words=_WORDS)
    def do_all_at_once(
        self, held: Held, other: Held, ways: tuple[str, str], words: str
    ) -> MultipleResults[Held]:
        held, other = self._who_acts(held), self._who_acts(other)
        ends: list[End] = [(held, ways[0], words), (other, ways[1], None)]
        worker, says = held.claim.worker, [(other, words)]
        return self._exchange(Exchange(worker, ends=ends, says=says, beat=True, capacity=2))

    @rule(held=HELD, how=_WAYS)
    def exchange_in_vain(self, held: Held, how: str) -> None:
        """What goes wrong in the middle has never been."""
        ends: list[End] = [(held, how, None)]
        wanted = Exchange(held.claim.worker, ends=ends, beat=True, capacity=3)
        give = wanted.give(self.place.engine, self.now)

        def undone(connection: Connection) -> None:
            exchange(connection, give)
            raise Undone

        with pytest.raises(Undone):
            self.place.database.write(undone)

    @rule(held=HELD, raises=st.booleans(), last_word=_LAST_WORDS)
    def commit(self, held: Held, raises: bool, last_word: str | None) -> None:
        """The task's own write, and its success with it."""
        held = self._who_acts(held)
        effect = {"task": held.row.id, "attempt": held.claim.attempt}

        def work(session: Session) -> None:
            session.execute(_INSERT, effect)
            if raises:
                raise Undone

        committer = Committer(self.place.engine, held.claim.fence, lambda _: None)
        result = json.loads(result_of(held.claim))
        if raises or not held.is_held:
            with pytest.raises(Undone if held.is_held else ClaimLost):
                committer.commit(work, result, last_word)
            return
        committer.commit(work, result, last_word)
        self.model.effects.append((held.row.id, held.claim.attempt))
        held.row.progress = last_word or held.row.progress
        should_succeed(self.model, held, self.now, result_of(held.claim))

    @precondition(lambda self: self.model.waiting())
    @rule(target=HELD, row=ROWS, place=_PLACES)
    def take_at_once(self, row: Row, place: str) -> MultipleResults[Held]:
        """As an eager queue does with what it has just submitted."""
        now, worker = self.now, self._names[place]

        def take(connection: Connection) -> Claim | None:
            upkeep.promote_early(connection, row.id, now=now)
            return claims.claim_one(connection, row.id, worker=worker, now=now, lease=now + LEASE)

        claim = self.place.database.write(take)
        known = row.id in self.model.rows
        if known and row.status == "scheduled":
            row.status, row.run_at = "queued", now
        taken = [row] if known and row.status == "queued" else []
        return multiple(*self._take_in([] if claim is None else [claim], taken))

    # -- others ----------------------------------------------------------------------------------

    @_SOME_RUN
    @rule(place=_PLACES)
    def die(self, place: str) -> None:
        """All can see it; what it held goes on as a zombie, if it can."""
        worker = self._names[place]
        self._graves.dead.add(worker)
        self._names[place] = f"{place}-{int(worker[2:]) + 1}"

    @_SOME_RUN
    @rule(place=_PLACES)
    def look_after_others(self, place: str) -> None:
        worker = self._names[place]
        if worker not in self._upkeeps:
            self._upkeeps[worker] = Upkeep(self.place.engine, worker, self._graves)
        taken = self._upkeeps[worker].reclaim(self.now, self.moment)
        others = [
            row.holder
            for row in self.model.in_status("running")
            if row.holder is not None and row.worker != worker
        ]
        lost = [held for held in others if self._seems_lost(worker, held)]
        assert taken == len(lost)
        for held in lost:
            asked = held.row.cancel_requested_at is not None
            should_lose(self.model, held.row, self.now, asked=asked)

    @rule(held=HELD)
    def reclaim_late(self, held: Held) -> None:
        """By what somebody saw at the time of the claim, however long ago that was."""
        acting = self._who_acts(held)
        held = acting if self._acts % 3 else held  # also a claim whose attempt was given back
        engine, now = self.place.engine, self.now
        ending = endings.lost(engine, held.claim, "it was silent", now)
        taken = self.place.database.write(lambda c: finish.reclaim(c, ending, now=now))
        assert taken == (held.is_held and held.row.heartbeat == held.claim.heartbeat)
        if taken:
            should_lose(self.model, held.row, now, asked=held.asked)

    def _seems_lost(self, worker: str, held: Held) -> bool:
        """Whether it is dead, or who looks has seen it give no news for a whole lease."""
        beats, since = self._looks.get((worker, held), (None, 0.0))
        if beats != held.beats:
            since = self.moment
        self._looks[worker, held] = held.beats, since
        silent = self.moment - since >= LEASE.total_seconds()
        return silent or held.claim.worker in self._graves.dead

    # -- both sides of an exchange ---------------------------------------------------------------

    def _exchange(self, wanted: Exchange) -> MultipleResults[Held]:
        now, model = self.now, self.model
        give = wanted.give(self.place.engine, now)
        take = self.place.database.write(lambda connection: exchange(connection, give))
        assert take.lost == [held.claim for held in wanted.should_end(model, now)]
        wanted.should_say()
        if wanted.beat:
            assert take.beaten == wanted.should_beat(model, now)
        next_due = model.promote(now)
        if not any(row.jitter for row in model.in_status("scheduled")):
            assert take.next_due == next_due
        chosen = wanted.should_claim(model)
        return multiple(*self._take_in(take.claimed, chosen))

    def _take_in(self, claimed: Sequence[Claim], chosen: Sequence[Row]) -> list[Held]:
        assert [claim.id for claim in claimed] == [row.id for row in chosen]
        found = []
        for claim, row in zip(claimed, chosen, strict=True):
            self.model.claim(row, claim.worker, self.now, self.now + LEASE)
            past = claim.attempt, claim.losses, claim.failures
            assert past == (row.attempt, row.count_ended("lost"), row.count_ended("failed"))
            too_late = endings.unrunnable(self.place.engine, claim, self.now) is not None
            assert too_late == row.is_expired(self.now)
            asked = row.cancel_requested_at is not None
            row.holder = held = Held(claim, row, asked=asked)
            before = self._held.get((row, row.attempt, claim.worker))
            if before is not None:
                before.next = held
            self._held[row, row.attempt, claim.worker] = held
            found.append(held)
        return found
