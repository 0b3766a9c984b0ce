"""How long tasks usually run: from the running totals of today and yesterday."""

from __future__ import annotations

from datetime import timedelta

from taskrow.domain.task import Status
from taskrow.engine.history import History
from taskrow.storage.counts import add_counts, usual_seconds
from taskrow.storage.database import Database
from tests.storage.rows import NOW, SECOND, claimed, ending, settle

DAY = timedelta(days=1)


def ran(
    database: Database,
    ms: int,
    status: Status = Status.SUCCEEDED,
    name: str = "app.add",
    ago: int = 0,
) -> None:
    """A task ran for so long, so many days ago."""
    ended = [("default", name, status, ms)]
    database.write(lambda connection: add_counts(connection, ended, NOW - ago * DAY))


def usual(database: Database, name: str = "app.add") -> float | None:
    with database.read() as connection:
        return usual_seconds(connection, name, now=NOW)


def test_nothing_has_run_yet(database: Database) -> None:
    ran(database, 5000, name="app.other")
    assert usual(database) is None


def test_the_average_of_all_queues_today_and_yesterday(database: Database) -> None:
    for ms, ago in ((1000, 0), (2000, 0), (6000, 1), (90_000, 2)):
        ran(database, ms, ago=ago)
    assert usual(database) == 3.0


def test_only_what_succeeded_tells(database: Database) -> None:
    ran(database, 90_000, Status.FAILED)
    ran(database, 90_000, Status.CANCELLED)
    assert usual(database) is None
    ran(database, 1500)
    assert usual(database) == 1.5


def test_a_task_counts_with_the_time_of_its_run(database: Database) -> None:
    claim = claimed(database)
    assert settle(database, ending(claim, Status.SUCCEEDED), NOW + 8 * SECOND)
    assert usual(database) == 8.0


def test_a_process_does_not_ask_again_for_a_moment(database: Database) -> None:
    history = History()
    ran(database, 1000)
    assert history.usual_seconds(database, "app.add", NOW) == 1.0
    ran(database, 9000)
    assert history.usual_seconds(database, "app.add", NOW) == 1.0
    assert History().usual_seconds(database, "app.add", NOW) == 5.0
