"""With a million finished rows, and whatever the statistics say, a hot statement costs no more.

What it costs is counted, not timed: steps of SQLite's machine, pages that PostgreSQL touches. There
are fewer rows in an ordinary run, which is enough to tell; ``TASKROW_ROWS=1000000`` says more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, event

from taskrow.domain.task import Status
from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import ensure_schema
from tests.conftest import new_database_url
from tests.storage.hot import STATEMENTS, Work
from tests.storage.rows import in_status

ROWS = int(os.environ.get("TASKROW_ROWS", "150000"))
FLOOD = ROWS // 3  # rows that wait, of which the statistics know nothing
STEPS, STEP = 20_000, 100  # of SQLite's machine: a scan takes some for each row
PAGES = 500  # that PostgreSQL touches: a scan touches thousands

_WORDS = {
    "sqlite": {
        "numbers": "WITH RECURSIVE numbers(n) AS"
        " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows})",
        "id": "printf('%08x-0000-7000-8000-000000000000', n)",
        "then": "'2026-11-20T07:00:00.000Z'",
        "later": "'2026-11-22T07:00:00.000Z'",
    },
    "postgresql": {
        "numbers": "WITH numbers AS (SELECT generate_series(1, {rows}) AS n)",
        "id": "lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000'",
        "then": "timestamptz '2026-11-20 07:00:00Z'",
        "later": "timestamptz '2026-11-22 07:00:00Z'",
    },
}
_FINISHED = """
INSERT INTO tasks (
  id, queue, name, status, priority, run_at, args, created_at, started_at, finished_at, purge_at,
  result, attempt, owner, unique_key, idempotency_key
) {numbers} SELECT
  {id}, 'default', 'app.add', CASE WHEN mod(n, 50) = 0 THEN 'failed' ELSE 'succeeded' END, 0,
  {then}, '{{}}', {then}, {then}, {then}, {later}, '1', 1,
  CASE WHEN mod(n, 10) = 0 THEN 'me' END, CASE WHEN mod(n, 10) = 1 THEN 'key' || n END,
  CASE WHEN mod(n, 100) = 2 THEN 'idem' || n END
FROM numbers
"""
_WAITING = """
INSERT INTO tasks (id, queue, name, status, priority, run_at, args, created_at)
{numbers} SELECT '{status}' || n, 'default', 'app.add', '{status}', 0, {later}, '{{}}', {then}
FROM numbers
"""


def fill(database: Database, template: str, **words: Any) -> None:
    def write(connection: Connection) -> None:
        known = _WORDS[connection.dialect.name]
        numbers = known["numbers"].format(**words)
        sql = template.format(**known | words | {"numbers": numbers})
        connection.exec_driver_sql(sql.replace("%", "%%") if "%08x" not in sql else sql)

    database.write(write)


def run(database: Database, sql: str) -> None:
    database.write(lambda connection: connection.exec_driver_sql(sql).close())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crowded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with very many finished rows, and one or two of every other kind."""
    for url in new_database_url(request, tmp_path_factory.mktemp("crowded")):
        database = open_database(url, busy_timeout=60)
        ensure_schema(database)
        if database.dialect == "postgresql":
            run(database, "ALTER TABLE tasks SET (autovacuum_enabled = false)")
        fill(database, _FINISHED, rows=ROWS)
        for status in Status:
            in_status(database, status)
        yield database
        database.close()


@pytest.fixture(scope="module", params=["never analysed", "analysed", "flooded since"])
def place(request: pytest.FixtureRequest, crowded: Database) -> Database:
    """The same, one after the other, as the statistics of the planner know it."""
    if request.param == "analysed":
        run(crowded, "ANALYZE")
    if request.param == "flooded since":
        for status in (Status.QUEUED, Status.SCHEDULED):
            fill(crowded, _WAITING, rows=FLOOD, status=status)
    return crowded


class Undone(Exception):
    """What was to be found out."""

    def __init__(self, found: Any) -> None:
        self.found = found


def undone(database: Database, work: Callable[[Connection], Any]) -> Any:
    """What work finds out in a transaction that is undone."""

    def write(connection: Connection) -> None:
        raise Undone(work(connection))

    with pytest.raises(Undone) as caught:
        database.write(write)
    return caught.value.found


def steps(connection: Connection, work: Work) -> int:
    """How many steps SQLite's machine makes for a piece of work, to the hundred."""
    raw: Any = connection.connection.driver_connection
    made = 0

    def count() -> int:
        nonlocal made
        made += STEP
        return 0

    raw.set_progress_handler(count, STEP)
    work(connection)
    raw.set_progress_handler(None, STEP)
    return made


def explained(connection: Connection, work: Work) -> list[str]:
    """The plans of all that a piece of work executes, with what PostgreSQL really reads."""
    lines: list[str] = []

    def explain(_: Any, __: Any, statement: str, parameters: Any, ___: Any, many: bool) -> None:
        if re.match("(SELECT|INSERT|UPDATE|DELETE|WITH)", statement.strip()):
            raw: Any = connection.connection.driver_connection
            with raw.transaction(force_rollback=True), raw.cursor() as cursor:
                first = parameters[0] if many else parameters
                found = cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", first)
                lines.extend(["--", statement, *(row[0] for row in found)])

    event.listen(connection, "before_cursor_execute", explain)
    work(connection)
    event.remove(connection, "before_cursor_execute", explain)
    return lines


def pages_touched(lines: list[str]) -> int:
    """By all statements together: the first line of a plan has the sum of those below it."""
    heads = [lines[at + 3] for at, line in enumerate(lines) if line == "--"]
    found = [re.findall(r"(?:hit|read)=(\d+)", head) for head in heads if "Buffers" in head]
    return sum(int(number) for numbers in found for number in numbers)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_hot_statement_reads_no_more_than_it_needs(place: Database, name: str) -> None:
    work = STATEMENTS[name]
    if place.dialect == "sqlite":
        assert undone(place, lambda c: steps(c, work)) <= STEPS
        return
    lines = undone(place, lambda c: explained(c, work))
    assert not [line for line in lines if "Seq Scan on tasks" in line], lines
    assert pages_touched(lines) <= PAGES, lines
