"""What all rules share: the real tables, the model beside them, and the time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from taskrow.errors import KeyHeldError, NoSuchTaskError, TransitionError
from taskrow.storage.checks import check
from taskrow.storage.invariants import broken_rows
from tests.model.compare import differences
from tests.model.oracle import Model, Refused
from tests.model.place import Place
from tests.model.rows import Row

ROWS: Bundle[Row] = Bundle("rows")
QUEUES = ("one", "two")
SECOND = timedelta(seconds=1)

_MILLISECOND = timedelta(milliseconds=1)
_JUMPS = [0, 0, 0, 0, -86400, -60, 45, 4000]  # seconds
_CHECKED_EVERY = 100  # lives: what `taskrow check` looks at takes as long as one


class World(RuleBasedStateMachine):
    """One life of the tables. ``place`` is set by who runs it; ``lives`` and ``steps`` count.

    broken: which life was the first in which something was wrong; 0: none.
    """

    place: ClassVar[Place]
    lives: ClassVar[int] = 0
    broken: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        World.lives += 1
        self.place.begin()
        self.model = Model()
        self.moment = 0.0  # of a clock that never goes back

    @property
    def now(self) -> datetime:
        return self.place.clock.now

    @rule(seconds=st.sampled_from([1, 5, 10, 29, 31, 7300]), jumps=st.sampled_from(_JUMPS))
    def time_passes(self, seconds: int, jumps: int) -> None:
        """And sometimes somebody sets the clock."""
        self.place.clock.now += (seconds + jumps) * SECOND
        self.moment += seconds

    @invariant()
    def the_tables_are_as_they_should_be(self) -> None:
        World.steps += 1
        self.place.clock.now += _MILLISECOND  # no two things happen at one moment
        with self.place.database.read() as connection:
            assert differences(connection, self.model) == []

    def teardown(self) -> None:
        if isinstance(sys.exc_info()[1], Exception):
            World.broken = World.broken or World.lives
            return
        try:
            self._look_at_all()
        except Exception:
            World.broken = World.broken or World.lives
            raise

    def _look_at_all(self) -> None:
        with self.place.database.read() as connection:
            assert [finding for finding in broken_rows(connection) if finding.broken] == []
        if self.lives % _CHECKED_EVERY == 0:
            findings = check(self.place.database, now=self.now)
            # Those of the model are no processes: to `check` they are gone.
            assert [one for one in findings if one.broken and one.name != "running"] == []

    def do_alike(self, row: Row, real: Callable[[], object], model: Callable[[], object]) -> None:
        """What is done to one task by hand; both do it, or both refuse."""
        if row.id not in self.model.rows:
            with pytest.raises(NoSuchTaskError):
                real()
            return
        try:
            model()
        except Refused:
            with pytest.raises((TransitionError, KeyHeldError)):
                real()
        else:
            real()
