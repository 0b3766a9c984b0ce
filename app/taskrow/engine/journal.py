"""The log of a worker: one line when a task starts, one when it ends."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence

from taskrow.domain.task import Status
from taskrow.domain.times import to_text
from taskrow.storage.claims import Claim
from taskrow.storage.finish import Ending

log = logging.getLogger("taskrow.worker")


class Journal:
    """Says what happens to tasks. ``debug`` adds the tracebacks of failures."""

    def __init__(self, *, debug: bool) -> None:
        self._debug = debug

    def started(self, claim: Claim) -> None:
        if log.isEnabledFor(logging.INFO):
            wait = (claim.started_at - claim.run_at).total_seconds()
            log.info(
                "%s %s started, attempt %d, waited %.3f s",
                claim.id, claim.name, claim.attempt, max(0.0, wait),
            )  # fmt: skip

    def all_ended(self, endings: Sequence[Ending], lost: Sequence[Claim]) -> None:
        """Those that ended, and those that were lost; unheard successes cost nothing."""
        if not log.isEnabledFor(logging.INFO):
            endings = [e for e in endings if e.status is not Status.SUCCEEDED]
        for ending in endings:
            if ending.claim not in lost:
                self.ended(ending)
        for claim in lost:
            self.lost(claim)

    def ended(self, ending: Ending) -> None:
        claim = ending.claim
        if ending.status is Status.SUCCEEDED:
            log.info("%s %s succeeded in %.3f s", claim.id, claim.name, ending.seconds)
        elif ending.error is None:
            log.debug("%s %s put back, not run", claim.id, claim.name)
        else:
            self._went_wrong(ending)

    def _went_wrong(self, ending: Ending) -> None:
        claim, error = ending.claim, json.loads(ending.error or "{}")
        log.log(
            logging.ERROR if ending.status is Status.FAILED else logging.WARNING,
            "%s %s %s after %.3f s: %s: %s%s%s",
            claim.id,
            claim.name,
            ending.outcome or (ending.status if ending.status.final else "put back"),
            ending.seconds,
            error["type"],
            error["message"],
            f"; runs again at {to_text(ending.run_at)}" if ending.run_at else "",
            f"\n{ending.traceback}" if self._debug and ending.traceback else "",
        )

    def committed(self, claim: Claim, seconds: float) -> None:
        log.info("%s %s succeeded in %.3f s by its own commit", claim.id, claim.name, seconds)

    def over(self, claim: Claim, what: str) -> None:
        """Something went wrong in a function whose task had succeeded before."""
        log.warning("%s %s stays succeeded, but after its commit %s", claim.id, claim.name, what)

    def lost(self, claim: Claim) -> None:
        log.warning(
            "%s %s attempt %d was taken from this worker; its outcome is dropped",
            claim.id, claim.name, claim.attempt,
        )  # fmt: skip
