"""Virtual time: fibres that sleep, machines that stop and die, one seed for all of it."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from greenlet import getcurrent, greenlet

from taskrow.domain.times import to_milliseconds

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_STEP = 0.003  # seconds at most between two calls of the database, where nothing goes wrong


class Killed(BaseException):
    """The machine of a fibre is dead."""


class Hub:
    """Runs fibres in the order of their times; what is random comes from ``chance`` alone."""

    def __init__(self, seed: str) -> None:
        self.chance = random.Random(seed)
        self.now = self._until = 0.0
        self._line: list[tuple[float, int, Fibre]] = []
        self._numbers = count()
        self._loop: greenlet = getcurrent()

    def spawn(self, machine: Machine, run: Callable[[], None]) -> None:
        """Start a fibre on a machine."""
        self._put(self.now, Fibre(machine, greenlet(run, parent=self._loop)))

    def sleep(self, seconds: float) -> None:
        """Let this fibre rest, and the others go on."""
        fibre, at = self._current, self.now + seconds
        machine = fibre.machine
        if at <= self._until and machine.paused_until <= at < self._line[0][0]:
            self.now = at  # nobody comes before: no need to change fibres
        else:
            self._put(at, fibre)
            self._loop.switch()
        machine.must_live()

    def run(self, until: float, is_over: Callable[[], bool] = lambda: False) -> None:
        """Until a time, or until it is over."""
        self._until = until
        while self._line and not is_over():
            at, _, fibre = heapq.heappop(self._line)
            if at > until:
                self._put(at, fibre)
                self.now = until
                return
            if fibre.machine.paused_until > at and fibre.machine.lives:
                self._put(fibre.machine.paused_until, fibre)
                continue
            self.now = max(self.now, at)
            self._switch_to(fibre)

    def end(self) -> None:
        """End the fibres that only rest: they would be kept for ever, with all that they hold."""
        while self._line:
            _, _, fibre = heapq.heappop(self._line)
            fibre.machine.lives = False
            if fibre.greenlet:  # else it has not begun
                self._switch_to(fibre)

    def _switch_to(self, fibre: Fibre) -> None:
        self._current = fibre
        with suppress(Killed):
            fibre.greenlet.switch()

    def _put(self, at: float, fibre: Fibre) -> None:
        heapq.heappush(self._line, (at, next(self._numbers), fibre))


@dataclass
class Fibre:
    """One line of work on a machine."""

    machine: Machine
    greenlet: greenlet


@dataclass
class Troubles:
    """How likely each trouble is, at each call of the database."""

    kill: float = 0.006
    pause: float = 0.02
    jump: float = 0.01  # of the wall clock, by up to six leases
    refused: float = 0.02  # the disk is full: nothing is written
    undone: float = 0.02  # something goes wrong in the middle: nothing stays
    unknown: float = 0.02  # it was written, and an error comes back


@dataclass
class Machine:
    """A machine with a clock of its own, which may stop for a while, or for ever."""

    hub: Hub
    name: str
    lease: float
    troubles: Troubles | None = None
    skew: float = 0.0
    lives: bool = True
    paused_until: float = field(default=0.0)

    def clock(self) -> datetime:
        """What time it is here."""
        return to_milliseconds(_BEGAN + timedelta(seconds=self.hub.now + self.skew))

    def must_live(self) -> None:
        if not self.lives:
            raise Killed

    def between_calls(self) -> None:
        """A moment in which others may act; and in which this machine may stop or die."""
        self.must_live()
        chance, rest = self.hub.chance, self.hub.chance.uniform(0, _STEP)
        if (troubles := self.troubles) is not None:
            if chance.random() < troubles.kill:
                self.lives = False
                raise Killed
            if chance.random() < troubles.pause:
                self.paused_until = self.hub.now + chance.uniform(0.2, 2.5) * self.lease
            if chance.random() < troubles.jump:
                self.skew = chance.uniform(-60, 60)
        self.hub.sleep(rest)

    def trouble(self) -> str:
        """What goes wrong with the next write; the empty string: nothing."""
        if (troubles := self.troubles) is None:
            return ""
        luck = self.hub.chance.random()
        for name in ("refused", "undone", "unknown"):
            luck -= getattr(troubles, name)
            if luck < 0:
                return name
        return ""
