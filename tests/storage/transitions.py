"""Every transition under the name it has in TRANSITIONS, as the tests call it on a row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from taskrow.domain.task import Status, Task
from taskrow.storage import finish, upkeep
from taskrow.storage.claims import Claim
from taskrow.storage.database import Database
from tests.storage.rows import NOW, PURGE_AT, claim_of, ending, retry, settle, take
from tests.storage.rows import cancel as cancel_row

Try = Callable[[Database, Task], bool]


def promote(database: Database, now: datetime) -> int:
    """Queue what is due."""
    return database.write(lambda connection: upkeep.promote(connection, now=now))


def reclaim(database: Database, claim: Claim, status: Status = Status.SCHEDULED) -> bool:
    """Take an attempt back from a worker that is gone."""
    one = ending(claim, status, outcome="lost")
    return database.write(lambda connection: finish.reclaim(connection, one, now=NOW))


def _ends_as(status: Status) -> Try:
    return lambda database, task: settle(database, ending(claim_of(task), status))


def _cancels(database: Database, task: Task) -> bool:
    return cancel_row(database, task.id) in (Status.SCHEDULED, Status.QUEUED)


TRIES: dict[str, Try] = {
    "promote": lambda database, _: promote(database, PURGE_AT) == 1,
    "claim": lambda database, task: len(take(database, 10, queue=task.queue)) == 1,
    "succeed": _ends_as(Status.SUCCEEDED),
    "fail": _ends_as(Status.FAILED),
    "retry": _ends_as(Status.SCHEDULED),
    "release": _ends_as(Status.QUEUED),
    "stop": _ends_as(Status.CANCELLED),
    "cancel": _cancels,
    "reclaim": lambda database, task: reclaim(database, claim_of(task)),
    "retry by hand": lambda database, task: retry(database, task.id),
}
