"""The schema of a database: made on first use, upgraded when asked, never guessed at."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect

from taskrow.errors import DatabaseError, SchemaError
from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import (
    VERSION_TABLE,
    ensure_schema,
    find_revision,
    known_revisions,
    upgrade,
)
from taskrow.storage.tables import metadata
from tests.storage.processes import run_together
from tests.storage.rows import add, find
from tests.storage.workloads import open_and_submit

FOREIGN = "CREATE TABLE invoices (number INTEGER PRIMARY KEY, sum INTEGER CHECK (sum > 0))"


def run(database: Database, *statements: str) -> None:
    """Run statements as the database's user would."""
    for statement in statements:
        database.write(lambda connection, s=statement: connection.exec_driver_sql(s).close())  # type: ignore[misc]


def names(database: Database) -> set[str]:
    with database.read() as connection:
        found = inspect(connection)
        return {*found.get_table_names(), *found.get_view_names()}


def invoices(database: Database) -> list[tuple[int, int]]:
    with database.read() as connection:
        rows = connection.exec_driver_sql("SELECT number, sum FROM invoices ORDER BY number")
        return [(row.number, row.sum) for row in rows]


def test_a_new_database_is_made_on_first_use(fresh: Database) -> None:
    ensure_schema(fresh)
    views = {"v_running", "v_queue", "v_failed", "v_recent", "v_schedules"}
    assert names(fresh) == {*metadata.tables, VERSION_TABLE} | views


def test_looking_again_changes_nothing(fresh: Database) -> None:
    ensure_schema(fresh)
    task_id = add(fresh)
    before = find(fresh, task_id)
    ensure_schema(fresh)
    assert upgrade(fresh) == known_revisions()[-1]
    assert find(fresh, task_id) == before


def test_a_database_newer_than_the_code_is_refused_unchanged(fresh: Database) -> None:
    ensure_schema(fresh)
    run(fresh, f"UPDATE {VERSION_TABLE} SET version_num = '9999'", "DROP VIEW v_queue")
    before = names(fresh)
    for attempt in (ensure_schema, upgrade):
        with pytest.raises(SchemaError, match=r"at revision 9999, newer than .*: upgrade taskrow$"):
            attempt(fresh)
    with fresh.read() as connection:
        assert find_revision(connection) == "9999"
    assert names(fresh) == before


def test_a_database_with_other_tables_is_left_alone_until_asked(fresh: Database) -> None:
    run(fresh, FOREIGN, "INSERT INTO invoices VALUES (1, 100), (2, 50)")
    with pytest.raises(SchemaError, match=r"holds other tables .* run `taskrow upgrade` once"):
        ensure_schema(fresh)
    assert names(fresh) == {"invoices"}


def test_once_asked_it_works_beside_the_other_tables(fresh: Database) -> None:
    run(fresh, FOREIGN, "INSERT INTO invoices VALUES (1, 100), (2, 50)")
    assert upgrade(fresh) is None
    ensure_schema(fresh)
    find(fresh, add(fresh))
    assert invoices(fresh) == [(1, 100), (2, 50)]
    with pytest.raises(Exception, match=r"(?i)check"):
        run(fresh, "INSERT INTO invoices VALUES (3, -1)")


def test_a_foreign_table_of_the_same_name_stops_the_upgrade_without_a_trace(
    fresh: Database,
) -> None:
    run(fresh, FOREIGN, "CREATE TABLE workers (name TEXT)", "INSERT INTO workers VALUES ('Ada')")
    with pytest.raises(DatabaseError, match=r"workers.*already exists"):
        upgrade(fresh)
    assert names(fresh) == {"invoices", "workers"}


def test_eight_processes_may_open_a_new_database_at_once(fresh_url: str) -> None:
    ids = run_together(open_and_submit, [(fresh_url,)] * 8)
    database = open_database(fresh_url, busy_timeout=5)
    assert len({find(database, task_id).seq for task_id in ids}) == 8
    with database.read() as connection:
        rows = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").all()
    assert [tuple(row) for row in rows] == [(known_revisions()[-1],)]
    database.close()
