"""What an attempt logs after it has ended itself: kept, unless the row speaks of something else."""

from __future__ import annotations

from dataclasses import replace

from taskrow.domain.task import Status
from taskrow.storage.claims import Claim
from taskrow.storage.database import Database
from taskrow.storage.logs import attempt_logs, keep_late_logs
from taskrow.storage.purge import purge
from tests.storage.rows import PURGE_AT, claimed, ending, retry, settle, take


def texts(database: Database, claim: Claim) -> list[tuple[int, str]]:
    with database.read() as connection:
        return [(one.attempt, one.text) for one in attempt_logs(connection, claim.id)]


def keep(database: Database, claim: Claim, text: str) -> None:
    database.write(lambda connection: keep_late_logs(connection, [(claim, text)]))


def test_it_takes_the_place_of_what_was_kept(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SUCCEEDED, logs="before"))
    assert texts(database, claim) == [(1, "before")]
    keep(database, claim, "before\nafter")
    keep(database, claim, "before\nafter")  # told again
    assert texts(database, claim) == [(1, "before\nafter")]


def test_where_nothing_was_kept_it_is_the_first(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SUCCEEDED))
    keep(database, claim, "after")
    assert texts(database, claim) == [(1, "after")]


def test_nothing_is_kept_of_what_is_gone_or_another_workers(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SUCCEEDED))
    keep(database, replace(claim, worker="web2-1-bbbbbbbb"), "after")
    assert texts(database, claim) == []
    database.write(lambda connection: purge(connection, now=PURGE_AT, limit=10))
    keep(database, claim, "after")
    assert texts(database, claim) == []


def test_nothing_is_kept_of_what_runs_once_more(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SUCCEEDED))
    retry(database, claim.id)
    [again] = take(database)
    keep(database, claim, "after")
    assert (again.attempt, texts(database, claim)) == (2, [])


def test_nothing_is_kept_of_what_is_gone_where_another_task_has_its_id(database: Database) -> None:
    claim = claimed(database)
    settle(database, ending(claim, Status.SUCCEEDED))
    database.write(lambda connection: purge(connection, now=PURGE_AT, limit=10))
    again = claimed(database, id=claim.id)
    keep(database, claim, "after")
    assert texts(database, again) == []
