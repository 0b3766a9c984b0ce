"""The migrations and tables.py build the same schema, down to each index, CHECK and trigger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import VERSION_TABLE, ensure_schema, find_revision, known_revisions
from taskrow.storage.tables import metadata
from tests.support.postgres import PostgresServer

Parts = set[tuple[str, ...]]

POSTGRESQL = {
    "columns": """
SELECT table_name, column_name, ordinal_position, data_type, udt_name, is_nullable,
  coalesce(column_default, ''), is_identity, coalesce(datetime_precision, -1)
FROM information_schema.columns WHERE table_schema = 'public'
  AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')""",
    "indexes": "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": """
SELECT conrelid::regclass, conname, contype, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "triggers": """
SELECT tgrelid::regclass, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """
SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "options": "SELECT relname, reloptions FROM pg_class WHERE reloptions IS NOT NULL",
    "sequences": "SELECT sequencename, data_type, increment_by FROM pg_sequences",
}
SQLITE = {
    "everything": "SELECT type, tbl_name, name, sql FROM sqlite_master WHERE type <> 'view'",
    "tables": "SELECT name, type, strict FROM pragma_table_list WHERE type <> 'view'",
}


@pytest.fixture
def created(fresh: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A second database, made from tables.py."""
    server: PostgresServer | None = None
    if fresh.dialect == "sqlite":
        url = f"sqlite:///{tmp_path / 'created.db'}"
    else:
        server = request.getfixturevalue("postgres")
        url = server.create_database()
    database = open_database(url, busy_timeout=5)
    database.write(metadata.create_all)
    yield database
    database.close()
    if server is not None:
        server.drop_database(url)


def parts(database: Database) -> Parts:
    """Everything that the database says of its schema, in words that do not depend on spacing."""
    queries = SQLITE if database.dialect == "sqlite" else POSTGRESQL
    with database.read() as connection:
        found = [row for query in queries.items() for row in _rows(connection, *query)]
    return {row for row in found if not any(VERSION_TABLE in word for word in row)}


def _rows(connection: Connection, kind: str, query: str) -> Iterator[tuple[str, ...]]:
    for row in connection.exec_driver_sql(query):
        yield kind, *(_plain(str(value)) for value in row)


def _plain(text: str) -> str:
    words = re.sub(r"\s+", " ", text.replace('"', "")).strip()
    return re.sub(r"\s*([(),])\s*", r"\1", words)


def clauses(created: Parts) -> Parts:
    """A table of SQLite as the set of its clauses: their order means nothing."""
    return {(*row[:-1], _sorted_clauses(row[-1])) for row in created}


def _sorted_clauses(text: str) -> str:
    if not text.startswith("CREATE TABLE"):
        return text
    head, _, rest = text.partition("(")
    tail = rest.rpartition(")")[2]
    split = clauses_of(text)
    columns = [part for part in split if not part.startswith(("CONSTRAINT", "PRIMARY", "FOREIGN"))]
    rules = sorted(set(split) - set(columns))
    return f"{head}({','.join([*columns, *rules])}){tail}"


def clauses_of(text: str) -> list[str]:
    """What stands between the outer parentheses of a CREATE TABLE."""
    body = text.partition("(")[2].rpartition(")")[0]
    return re.split(r",(?![^(]*\))", body)


def test_the_migrations_build_what_the_tables_say(fresh: Database, created: Database) -> None:
    ensure_schema(fresh)
    migrated, declared = parts(fresh), parts(created)
    if fresh.dialect == "sqlite":
        migrated, declared = clauses(migrated), clauses(declared)
    assert migrated - declared == set()
    assert declared - migrated == set()


def test_the_comparison_sees_every_kind_of_part(created: Database) -> None:
    words = " ".join(" ".join(row) for row in parts(created))
    for part in (
        "ix_tasks_claim", "priority DESC", "ux_tasks_unique", "ck_tasks_lease", "ck_task_attempts",
        "tasks_final_row", "retry it first", "ON DELETE CASCADE", "task_counts", "schedule_fires",
    ):  # fmt: skip
        assert part in words
    if created.dialect == "sqlite":
        assert words.count("STRICT") == len(metadata.tables)
        assert "WHERE status = 'queued'" in words
    else:
        assert "(status = 'queued'::text)" in words
        assert "timestamp with time zone" in words


def test_a_migrated_database_stands_at_the_newest_revision(fresh: Database) -> None:
    with fresh.read() as connection:
        assert find_revision(connection) is None
    ensure_schema(fresh)
    with fresh.read() as connection:
        assert find_revision(connection) == known_revisions()[-1]


def test_all_times_of_postgresql_carry_a_zone_and_all_numbers_are_wide(created: Database) -> None:
    if created.dialect != "postgresql":
        return
    kinds = {row[5] for row in parts(created) if row[0] == "columns"}
    assert kinds == {"int8", "text", "timestamptz", "bytea"}
