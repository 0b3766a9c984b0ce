"""The exchange: one transaction that ends what runners reported and claims what they can take next.

So the disk is paid once a batch, and nothing that a runner has done waits for anything else.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from taskrow.domain.task import Status
from taskrow.storage import claims, finish, logs, queries, upkeep, workers
from taskrow.storage.claims import Attempt, Beaten, Claim
from taskrow.storage.finish import Ending
from taskrow.storage.submit import DONE, WORK, ring

# Of so many claims one is of the task that waits longest in its queue, whatever its priority: so
# none waits for ever, while its queue is worked at.
OLDEST_EVERY = 16


@dataclass(frozen=True)
class Turns:
    """Whose turn it is, from one exchange to the next."""

    since_oldest: int = 0  # claims since the task that waited longest had its turn
    last_queue: str = ""  # from which a task was claimed last


@dataclass(frozen=True, kw_only=True)
class Give:
    """What the supervisor brings to the rows."""

    worker: str
    now: datetime
    lease: datetime
    endings: Sequence[Ending] = ()
    progress: Sequence[tuple[Claim, str]] = ()
    late_logs: Sequence[tuple[Claim, str]] = ()  # of attempts that ended themselves
    beat: bool = False
    capacity: int = 0  # how many tasks the runners can take
    queues: Sequence[str] | None = None  # None: every queue there is
    turns: Turns = Turns()


@dataclass
class Take:
    """What it takes away."""

    lost: list[Claim] = field(default_factory=list)  # ended in vain: somebody else has the task
    claimed: list[Claim] = field(default_factory=list)
    beaten: dict[Attempt, Beaten] | None = None  # None: no beat
    next_due: datetime | None = None
    turns: Turns = Turns()
    seconds: float = 0.0  # how long it took, beside its commit


def exchange(connection: Connection, give: Give) -> Take:
    """Do it all, in the order in which each part frees something for the next."""
    began = time.perf_counter()
    take = Take(turns=give.turns)
    take.lost += _end(connection, give)
    claims.write_progress(connection, give.progress)
    logs.keep_late_logs(connection, give.late_logs)
    if give.beat:
        take.beaten = claims.beat(connection, worker=give.worker, lease=give.lease)
        workers.seen(connection, give.worker, now=give.now)
    take.next_due = _promote(connection, give.now)
    if give.capacity:
        _claim(connection, give, take)
    take.seconds = time.perf_counter() - began
    return take


def _end(connection: Connection, give: Give) -> list[Claim]:
    plain = [e for e in give.endings if e.status is Status.SUCCEEDED and e.answer is None]
    others = [e for e in give.endings if e.status is not Status.SUCCEEDED or e.answer is not None]
    lost = finish.succeed(connection, plain, now=give.now)
    lost += [e.claim for e in others if not finish.end(connection, e, now=give.now)]
    if plain or any(ending.status.final for ending in others):
        ring(connection, DONE)
    if any(ending.status is Status.QUEUED for ending in others):
        ring(connection, WORK)
    return lost


def _promote(connection: Connection, now: datetime) -> datetime | None:
    due = queries.next_due(connection)
    if due is None or due > now:
        return due
    upkeep.promote(connection, now=now)
    return queries.next_due(connection)


def _claim(connection: Connection, give: Give, take: Take) -> None:
    queues = queries.queues_waiting(connection) if give.queues is None else give.queues
    for place, queue in enumerate(_in_turn(queues, give.turns.last_queue)):
        # An equal share for each queue that is left; what one does not use goes to the next.
        share = -(-(give.capacity - len(take.claimed)) // (len(queues) - place))
        if share == 0:
            return
        since_oldest = take.turns.since_oldest
        found = claims.claim(
            connection,
            worker=give.worker,
            queue=queue,
            limit=share,
            now=give.now,
            lease=give.lease,
            oldest=(since_oldest + share) // OLDEST_EVERY,
        )
        if found:
            take.turns = Turns((since_oldest + len(found)) % OLDEST_EVERY, queue)
            take.claimed += found


def _in_turn(queues: Sequence[str], last: str) -> list[str]:
    """By name, from the one that follows on the last: where few are claimed, all come to theirs."""
    in_order = sorted(queues)
    return [queue for queue in in_order if queue > last] + [q for q in in_order if q <= last]
