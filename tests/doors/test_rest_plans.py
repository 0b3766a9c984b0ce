"""A page of the list is cheap whatever the number of rows: plans and counts on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, text

from taskrow.domain.ids import new_id
from taskrow.domain.settings import Settings
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.storage.database import Database
from taskrow.storage.pages import Filters, find_page
from taskrow.storage.tables import tasks
from tests.conftest import new_database_url
from tests.storage.rows import NOW, PURGE_AT, SECOND

ROWS, WINDOW = 30_000, 500
RARE = 7  # the row number of the one that is rare

FILTERS = {
    "nothing": Filters(),
    "own": Filters(owner="me"),
    "own and failed": Filters(owner="me", statuses=[Status.FAILED]),
    "failed": Filters(statuses=[Status.FAILED]),
    "waiting": Filters(statuses=[Status.QUEUED, Status.SCHEDULED]),
    "rare name": Filters(names=["rare", "view:rare"]),
    "rare queue": Filters(queue="rare"),
    "views": Filters(prefix="view:"),
    "no views, rare": Filters(without_prefix="view:", names=["rare"]),
    "running": Filters(statuses=[Status.RUNNING]),
    "running for me": Filters(statuses=[Status.RUNNING], owner="me"),
    "lately": Filters(since=NOW + (ROWS - 100) * SECOND),
    "long ago": Filters(until=NOW + 100 * SECOND),
    "long ago and rare": Filters(until=NOW + 100 * SECOND, queue="rare"),
}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def many(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """Thirty thousand rows, a second apart, in every status; one of them is rare."""
    for url in new_database_url(request, tmp_path_factory.mktemp("many")):
        engine = QueueEngine(Settings(database_url=url), Registry())
        engine.database.write(lambda c: c.execute(insert(tasks), [_row(n) for n in range(ROWS)]))
        engine.database.write(lambda c: c.execute(text("ANALYZE")).close())
        yield engine.database
        engine.close()


def _row(number: int) -> dict[str, Any]:
    at, rare = NOW + number * SECOND, number + 1 == RARE
    row: dict[str, Any] = {
        "id": new_id(at), "queue": "rare" if rare else "default", "args": "{}", "priority": 0,
        "name": "rare" if rare else "app.add", "status": "succeeded", "run_at": at,
        "created_at": at, "finished_at": at, "purge_at": PURGE_AT, "worker": None, "attempt": 1,
        "lease_expires_at": None, "owner": "me" if number % 10 == 0 else "you",
    }  # fmt: skip
    if number % 1000 == 0:
        row |= {"status": "running", "worker": "w", "lease_expires_at": at} | _LIVE
    elif number % 1000 == 1:
        row |= {"status": "queued"} | _LIVE
    elif number % 1000 == 2:
        row |= {"status": "failed"}
    return row


_LIVE = {"finished_at": None, "purge_at": None}


def explained(database: Database, filters: Filters, **options: Any) -> list[str]:
    """The plans of all statements of a page, on PostgreSQL with what they really read."""
    seen: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        seen.append((statement, parameters))

    words = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN (ANALYZE)"
    with database.read() as connection:
        event.listen(connection, "before_cursor_execute", keep)
        find_page(connection, filters, limit=50, window=WINDOW, **options)
        event.remove(connection, "before_cursor_execute", keep)
        assert seen
        return [
            str(row[-1])
            for statement, parameters in seen
            for row in connection.exec_driver_sql(f"{words} {statement}", parameters)
        ]


@pytest.mark.parametrize("below", [None, ROWS // 2])
@pytest.mark.parametrize("name", FILTERS)
def test_no_page_scans_or_sorts_the_table(many: Database, name: str, below: int | None) -> None:
    lines = explained(many, FILTERS[name], below=below)
    for line in lines:
        assert not re.search(r"^SCAN tasks(?! USING (COVERING )?INDEX)|TEMP B-TREE", line), lines
        assert "Seq Scan" not in line, lines
        read = re.search(r"\(actual .*rows=([\d.]+)", line)
        assert read is None or float(read[1]) <= WINDOW, lines
        removed = re.search(r"Rows Removed by Filter: (\d+)", line)
        assert removed is None or int(removed[1]) <= WINDOW, lines
    if "own" in name:
        assert any("ix_tasks_owner" in line for line in lines), lines
    if "running" in name:
        assert any("ix_tasks_running" in line for line in lines), lines


def walked(database: Database, filters: Filters) -> tuple[list[int], int]:
    """The row numbers that a walk over all pages finds, and how many pages it had."""
    found: list[int] = []
    below, pages = None, 0
    while pages == 0 or below is not None:
        with database.read() as connection:
            page = find_page(connection, filters, below=below, limit=50, window=WINDOW)
        found += [task.seq for task in page.tasks]
        below, pages = page.below, pages + 1
    return found, pages


def test_a_rare_task_is_found_after_empty_pages_of_bounded_length(many: Database) -> None:
    with many.read() as connection:
        first = find_page(connection, FILTERS["rare name"], limit=50, window=WINDOW)
    assert (first.tasks, first.below) == ([], ROWS - WINDOW + 1)
    assert walked(many, FILTERS["rare name"]) == ([RARE], ROWS // WINDOW + 1)


@pytest.mark.parametrize(
    "name", ["nothing", "own", "own and failed", "failed", "waiting", "running"]
)
def test_a_walk_finds_every_row_that_fits_once_newest_first(many: Database, name: str) -> None:
    filters, found = FILTERS[name], walked(many, FILTERS[name])[0]
    where = ["1 = 1"]
    if filters.statuses:
        where.append(f"status IN ({', '.join(repr(str(one)) for one in filters.statuses)})")
    if filters.owner:
        where.append("owner = 'me'")
    query = f"SELECT seq FROM tasks WHERE {' AND '.join(where)} ORDER BY seq DESC"
    with many.read() as connection:
        assert found == list(connection.exec_driver_sql(query).scalars())


def test_a_span_of_time_is_jumped_to(many: Database) -> None:
    """Half a day of newer rows is not walked over."""
    found, pages = walked(many, FILTERS["long ago"])
    assert found == list(range(101, 0, -1))
    assert pages <= 60 * 60 // WINDOW + 3
    found, pages = walked(many, FILTERS["lately"])
    assert found == list(range(ROWS, ROWS - 100, -1))
    hour = timedelta(hours=1)
    middle = Filters(since=NOW + 4 * hour, until=NOW + 4 * hour + 2 * SECOND)
    assert walked(many, middle)[0] == [4 * 3600 + 3, 4 * 3600 + 2, 4 * 3600 + 1]


def test_nothing_heavy_is_read_for_a_list(many: Database) -> None:
    with many.read() as connection:
        page = find_page(connection, Filters(), limit=1)
    assert (page.tasks[0].args, page.tasks[0].result, page.tasks[0].traceback) == ("{}", None, None)
