"""How a claim ends: succeed, fail, retry, stop, release, reclaim.

Every statement is guarded by the status that it leaves and carries the fence (storage/claims.py):
where it does not hold, nothing is changed, and the caller is told that the claim was lost.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from taskrow.domain.answer import Answer
from taskrow.domain.task import Status
from taskrow.domain.times import to_milliseconds
from taskrow.domain.unique import is_let_go_at_start
from taskrow.storage.claims import FENCE, OWN_ATTEMPT, Claim, write_progress
from taskrow.storage.counts import add_counts
from taskrow.storage.credentials import erase_credentials
from taskrow.storage.logs import keep_logs
from taskrow.storage.prepared import Prepared
from taskrow.storage.requests import store_answer
from taskrow.storage.tables import status_is, task_attempts, tasks

_MILLISECOND = timedelta(milliseconds=1)
_LARGE = 16 * 1024  # characters of a result that is written alone, to keep the others' JSON short

encode_results = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode

Alike = tuple[int, str, datetime | None, int | None]


@dataclass(slots=True, kw_only=True)  # not frozen, as a Claim is not
class Ending:
    """How an attempt ends. ``error`` and ``progress`` are JSON text.

    status: a final one, or scheduled (retry, at ``run_at``), or queued (released). With a
    ``purge_at`` these two are the end of it where a cancel was asked. outcome: what
    ``task_attempts`` records where it did not succeed; None: it was not run, so the attempt is
    given back.
    """

    claim: Claim
    status: Status
    outcome: str | None = None
    result: str | None = None
    error: str | None = None
    traceback: str | None = None
    progress: str | None = None
    run_at: datetime | None = None
    purge_at: datetime | None = None
    answer: Answer | None = None
    logs: str | None = None  # what the attempt logged
    seconds: float = 0.0  # how long it ran; for the log


def _succeed_statement(results: TableValuedAlias) -> Prepared:
    """End many attempts at once: ``results`` is a JSON object of them, by the numbers of the rows.

    A statement for each row takes SQLite twice as long: 7 us instead of 3.5.
    """
    statement = (
        update(tasks)
        .where(tasks.c.seq == cast(results.c.key, BigInteger), *OWN_ATTEMPT)
        .values(
            status=Status.SUCCEEDED,
            result=results.c.value,
            lease_expires_at=None,
            finished_at=bindparam("now"),
            purge_at=bindparam("to_purge_at"),
        )
    )
    return Prepared(statement, "results", "at_attempt", "at_worker", "now", "to_purge_at")


def _succeed_statements() -> dict[str, Prepared]:
    """By dialect: the two unfold a JSON object by functions of different names."""
    results, pair = bindparam("results", type_=Text), (column("key", Text), column("value", Text))
    sqlite = func.json_each(results)
    postgresql = func.json_each_text(cast(results, JSON))
    return {
        "sqlite": _succeed_statement(sqlite.table_valued(*pair)),
        "postgresql": _succeed_statement(postgresql.table_valued(*pair)),
    }


_SUCCEED = _succeed_statements()


def succeed(connection: Connection, endings: Sequence[Ending], *, now: datetime) -> list[Claim]:
    """End attempts that went well, those that are alike in one statement. Returns the lost claims.

    A success that is told again (its commit went well, the news of it did not) is not lost.
    """
    if not endings:
        return []
    write_progress(connection, [(e.claim, e.progress) for e in endings if e.progress is not None])
    statement = _SUCCEED[connection.dialect.name]
    changed = sum(
        statement.change(connection, (encode_results(results), *alike, now, purge_at))
        for (*alike, purge_at, _), results in _results(endings).items()
    )
    if changed == len(endings):
        _count(connection, endings, now)
        keep_logs(connection, endings)
        return []
    ended_at = _ended_at(connection, endings)
    fresh = [e for e in endings if ended_at.get(_key(e)) == to_milliseconds(now)]
    _count(connection, fresh, now)
    keep_logs(connection, fresh)
    return [ending.claim for ending in endings if _key(ending) not in ended_at]


def _results(endings: Sequence[Ending]) -> dict[Alike, dict[int, str | None]]:
    """The results by the rows' numbers, of endings that one statement can write: most of them."""
    groups: dict[Alike, dict[int, str | None]] = defaultdict(dict)
    for e in endings:
        claim, result = e.claim, e.result
        alone = claim.seq if result is not None and len(result) > _LARGE else None
        groups[claim.attempt, claim.worker, e.purge_at, alone][claim.seq] = result
    return groups


def end(connection: Connection, ending: Ending, *, now: datetime) -> bool:
    """End one attempt in any way: fail, retry, stop, release, answer. False: the claim was lost."""
    return _end(connection, _unless_cancelled(connection, ending), now)


def _unless_cancelled(connection: Connection, ending: Ending) -> Ending:
    """As it is; or for good, where a cancel was asked before the supervisor could hear of it."""
    if ending.status.final or ending.purge_at is None:
        return ending
    asked = select(tasks.c.cancel_requested_at).where(*FENCE).with_for_update()
    if connection.execute(asked, ending.claim.fence).scalar() is None:
        return ending
    if ending.outcome is None:
        return replace(ending, status=Status.CANCELLED, outcome="cancelled")
    status = Status.FAILED if ending.outcome == "failed" else Status.CANCELLED
    return replace(ending, status=status, run_at=None)


def reclaim(connection: Connection, ending: Ending, *, now: datetime) -> bool:
    """Take an attempt back from a worker that is gone.

    False where it has given news meanwhile; or somebody holds its row, which is not waited for.
    """
    free = select(tasks.c.seq).where(*FENCE).with_for_update(skip_locked=True)
    if connection.execute(free, ending.claim.fence).first() is None:
        return False
    ending = _unless_cancelled(connection, ending)
    return _end(connection, ending, now, tasks.c.heartbeat == ending.claim.heartbeat)


def _end(connection: Connection, ending: Ending, now: datetime, *more: ColumnElement[bool]) -> bool:
    statement = update(tasks).where(*FENCE, *more).values(_ending_values(ending, now))
    if connection.execute(statement, ending.claim.fence).rowcount != 1:
        return False
    _record(connection, ending, now)
    return True


def _ending_values(ending: Ending, now: datetime) -> dict[str, Any]:
    values: dict[str, Any] = {
        "status": ending.status,
        "error": ending.error,
        "traceback": ending.traceback,
        "lease_expires_at": None,
    }
    if ending.progress is not None:
        values["progress"] = ending.progress
    if ending.run_at is not None:
        values["run_at"] = ending.run_at
    if ending.status.final:
        values |= {"result": ending.result, "finished_at": now, "purge_at": ending.purge_at}
    if ending.outcome is None and ending.status is not Status.SUCCEEDED:  # it was not run
        values["attempt"] = tasks.c.attempt - 1
        if ending.status.final:
            values["started_at"] = None
    return values


def _record(connection: Connection, ending: Ending, now: datetime) -> None:
    claim = ending.claim
    if ending.answer is not None:
        store_answer(connection, claim.seq, ending.answer)
    if ending.outcome is not None or ending.status is Status.SUCCEEDED:  # else it does not count
        keep_logs(connection, [ending])
    if ending.outcome is not None:
        connection.execute(
            insert(task_attempts),
            {
                "task_seq": claim.seq,
                "attempt": claim.attempt,
                "outcome": ending.outcome,
                "worker": claim.worker,
                "error": ending.error,
                "traceback": ending.traceback,
                "started_at": claim.started_at,
                "finished_at": now,
            },
        )
    if not ending.status.final and ending.outcome is None and is_let_go_at_start(claim.unique_key):
        _hold_key_again(connection, claim)
    if ending.status.final:
        erase_credentials(connection, [claim.seq])
        _count(connection, [ending], now)


def _hold_key_again(connection: Connection, claim: Claim) -> None:
    """It waits again; unless another task has the key by now: then both of them run."""
    with suppress(IntegrityError), connection.begin_nested():
        mine = update(tasks).where(tasks.c.seq == claim.seq)
        connection.execute(mine.values(unique_key=claim.unique_key))


def _count(connection: Connection, endings: Sequence[Ending], now: datetime) -> None:
    add_counts(
        connection,
        [
            (e.claim.queue, e.claim.name, e.status, _milliseconds(now - e.claim.started_at))
            for e in endings
        ],
        now,
    )


def _milliseconds(time: timedelta) -> int:
    return max(0, time // _MILLISECOND)


def _ended_at(connection: Connection, endings: Sequence[Ending]) -> dict[tuple[Any, ...], Any]:
    """When those of a batch ended whose rows show this worker's success, by :func:`_key`."""
    rows = connection.execute(
        select(tasks.c.seq, tasks.c.attempt, tasks.c.worker, tasks.c.finished_at).where(
            tasks.c.seq.in_([ending.claim.seq for ending in endings]), status_is(Status.SUCCEEDED)
        )
    )
    return {(row.seq, row.attempt, row.worker): row.finished_at for row in rows}


def _key(ending: Ending) -> tuple[Any, ...]:
    return ending.claim.seq, ending.claim.attempt, ending.claim.worker
