"""Run tasks in this process: for tests, and for applications that run each task as it is submitted.

A worker without processes. Claims, endings and the rules between them are those of the real one
(storage/, engine/outcome.py, engine/endings.py); what needs a process of its own is not there: a
``timeout`` ends nobody, and a crash takes the caller along.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from taskrow.engine import endings
from taskrow.engine.committing import Committer, check_session
from taskrow.engine.context import Line, Work
from taskrow.engine.exchange import Give, Take, exchange
from taskrow.engine.journal import Journal
from taskrow.engine.messages import OVER, decode_assignment, encode_assignment
from taskrow.engine.outcome import run_assignment
from taskrow.engine.progress import ProgressBook
from taskrow.engine.pulse import Pulse
from taskrow.errors import CancelRequested
from taskrow.storage import claims, queries, upkeep
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.liveness import new_worker_id, show_life
from taskrow.storage.submit import WORK

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from taskrow.engine.queue import QueueEngine
    from taskrow.storage.claims import Claim
    from taskrow.storage.finish import Ending


class InlineWorker:
    """Claims tasks and runs them in the thread that asks."""

    def __init__(self, engine: QueueEngine, worker: str | None = None) -> None:
        self.id = worker or new_worker_id(socket.gethostname())
        self._engine = engine
        self._journal = Journal(debug=False)
        self._progress = ProgressBook()

    def claim(self) -> Claim | None:
        """Take the next task that is due."""
        claimed = self._exchange(capacity=1).claimed
        return claimed[0] if claimed else None

    def run(self, claim: Claim) -> bool:
        """Run a claimed task and write how it ended. False: it was put back, and not run."""
        put_back = endings.unrunnable(self._engine, claim, self._engine.clock())
        if put_back is None:
            self._journal.started(claim)
        if (ending := put_back or self._run(claim)) is not None:
            lost = self._exchange(ending).lost
            self._journal.lost(claim) if lost else self._journal.ended(ending)
        return put_back is None

    def _run(self, claim: Claim) -> Ending | None:
        """How it ends; None where its own commit has ended it."""
        assignment = decode_assignment(encode_assignment(claim).decode().removesuffix("\n"))
        said = run_assignment(self._engine, assignment, _InlineLine(self, self._engine, claim))
        if said.kind == OVER:
            self._progress.close(claim)
            self._journal.committed(claim, said.ms / 1000)
            return None
        ending = endings.ending_of(self._engine, claim, said, self._engine.clock())
        return replace(ending, progress=self._progress.close(claim), seconds=said.ms / 1000)

    def beat(self) -> None:
        """Let others know that what it runs is not lost."""
        self._exchange(beat=True)

    def note(self, claim: Claim, progress: str) -> None:
        """Write what a task says of its progress, if it is time to."""
        moment = time.monotonic()
        self._progress.note(claim, progress)
        if due := self._progress.due(moment):
            self._engine.database.write(lambda c: claims.write_progress(c, due))
            self._progress.written(due, moment)

    def _exchange(self, *ended: Ending, capacity: int = 0, beat: bool = False) -> Take:
        now, lease = self._engine.clock(), timedelta(seconds=self._engine.settings.lease)
        give = Give(
            worker=self.id, now=now, lease=now + lease,
            endings=ended, capacity=capacity, beat=beat,
        )  # fmt: skip
        return self._engine.database.write(lambda connection: exchange(connection, give))


class _InlineLine(Line):
    """The line of a task that an inline worker runs."""

    __slots__ = ("_claim", "_engine", "_worker")

    def __init__(self, worker: InlineWorker, engine: QueueEngine, claim: Claim) -> None:
        self._worker, self._engine, self._claim = worker, engine, claim

    def report(self, progress: str) -> None:
        self._worker.note(self._claim, progress)

    def check(self) -> None:
        if self.asked():
            raise CancelRequested

    def asked(self) -> bool:
        with self._engine.database.read() as connection:
            return self._claim.which in queries.cancels_asked(connection, self._worker.id)

    def commit(self, work: Work, result: Any, progress: str | None) -> None:
        committer = Committer(self._engine, self._claim.fence, lambda _: None)
        committer.commit(work, result, progress)

    def check_session(self, session: Any) -> None:
        check_session(self._engine, session)


class EagerRuns:
    """Runs each task as it is submitted, in the thread that submits it, until it is over.

    Nothing is waited for: neither a countdown nor the delay before a retry. It shows its life like
    a worker, and gives heartbeats while anything runs, so that a real one beside it does not take
    its tasks for lost.
    """

    def __init__(self, engine: QueueEngine) -> None:
        self.pid = os.getpid()
        self._engine = engine
        self._worker = new_worker_id(socket.gethostname())
        self._bell = open_doorbell(engine.database, WORK)
        self._liveness = show_life(engine.database, self._worker, self._bell)
        heart = InlineWorker(engine, self._worker)
        self._pulse = Pulse(heart.beat, engine.settings.heartbeat)
        self._renewing = threading.Lock()

    def run(self, task_id: str) -> None:
        """Run one task. What this process does not know, it leaves to a worker that does."""
        task = self._engine.find(task_id)
        if task is None or self._engine.registry.find(task.name) is None:
            return
        with self._renewing:
            self._liveness.renew()
        worker = InlineWorker(self._engine, self._worker)
        with self._pulse.kept():
            while (claim := self._claim(task_id)) is not None:
                worker.run(claim)

    def _claim(self, task_id: str) -> Claim | None:
        now, lease = self._engine.clock(), timedelta(seconds=self._engine.settings.lease)

        def take(connection: Connection) -> Claim | None:
            upkeep.promote_early(connection, task_id, now=now)
            return claims.claim_one(
                connection, task_id, worker=self._worker, now=now, lease=now + lease
            )

        return self._engine.database.write(take)

    def close(self) -> None:
        """Give up the sign of life."""
        self._liveness.close()
        self._bell.close()


_opening = threading.Lock()


def eager_runs(engine: QueueEngine) -> EagerRuns:
    """The one that runs the tasks of this queue in this process."""
    with _opening:
        if engine.eager_runs is None or engine.eager_runs.pid != os.getpid():
            engine.eager_runs = EagerRuns(engine)
        return engine.eager_runs
