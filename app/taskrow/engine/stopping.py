"""The end of a worker that was told to stop: what runs may go on for a while, then it is ended."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taskrow.engine.crew import Crew
    from taskrow.engine.signals import StopSignals

log = logging.getLogger("taskrow.worker")


class Stopping:
    """How far the end has come. Moments are monotonic seconds.

    grace: for how long tasks may go on. patience: for how long the last outcomes wait, after that,
    for a database that cannot be used.
    """

    def __init__(self, crew: Crew, signals: StopSignals, *, grace: float, patience: float) -> None:
        self._crew, self._signals = crew, signals
        self._grace, self._patience = grace, patience
        self._stop_at: float | None = None  # when the grace is over

    def wind_down(self, moment: float) -> None:
        """Take no more, let what runs end; when the grace is over, end it: it runs elsewhere."""
        if self._stop_at is None:
            self._stop_at = moment + self._grace
            running = len(self._crew.running())
            log.info("stopping: %d tasks may go on for %g s", running, self._grace)
            self._crew.take_back(moment, everything=True)
        if moment >= self._stop_at or self._signals.stops > 1:
            self._crew.kill_busy()
            self._stop_at = min(self._stop_at, moment)

    def next_moment(self) -> float | None:
        """When there is something to do for it."""
        return None if self._crew.is_ending else self._stop_at

    def has_given_up(self) -> bool:
        """Whether it has waited long enough for a database that is gone."""
        return self._stop_at is not None and time.monotonic() > self._stop_at + self._patience
