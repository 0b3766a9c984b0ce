"""Everything that can be checked of a task database, one finding for each invariant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, inspect, text

from taskrow.errors import DatabaseError, SchemaError
from taskrow.storage.altered import altered
from taskrow.storage.damage import with_signs
from taskrow.storage.database import Database, plain_errors
from taskrow.storage.invariants import (
    Finding,
    broken_rows,
    loose_rows,
    lost_workers,
    missed_counts,
)
from taskrow.storage.json_texts import unreadable
from taskrow.storage.liveness import gone_workers
from taskrow.storage.schema import find_revision, known_revisions
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.tables import FINAL_ROW_TRIGGER_NAME, metadata

Look = Callable[[Connection], Iterable[Finding]]

_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'tasks'::regclass",
}


def check(database: Database, *, now: datetime, quick: bool = False) -> Iterator[Finding]:
    """All findings, one by one, also for what is well. Nothing is changed.

    quick: not what looks at every byte. DatabaseError, SchemaError where there is nothing.
    """
    _must_be_there(database)
    looks: dict[str, Look] = {
        "schema": _schema,
        "rows": broken_rows,
        "tables": loose_rows,
        "workers": lambda c: [lost_workers(c, lambda ids: gone_workers(database, ids), now=now)],
        "totals": lambda c: [missed_counts(c)],
    }
    if database.dialect == "sqlite":
        looks = {"file": lambda c: [_file(c, quick=quick)]} | looks
    if not quick:
        looks |= {"texts": unreadable, "checksums": altered}
    for name, look in looks.items():
        yield from _looked(database, name, look)


def _must_be_there(database: Database) -> None:
    if isinstance(database, SqliteDatabase) and not database.path.exists():
        raise DatabaseError(f"there is no database {database.place}: nothing was submitted yet")
    with database.read() as connection:
        revision = find_revision(connection)
    if revision != known_revisions()[-1]:
        raise SchemaError(
            f"the task database {database.place} is at revision {revision}, and this taskrow "
            f"checks {known_revisions()[-1]}: run `taskrow upgrade`, or upgrade taskrow"
        )


def _looked(database: Database, name: str, look: Look) -> list[Finding]:
    """What a look finds; that it could not look is a finding, too."""
    try:
        with database.read() as connection, plain_errors(database.place):
            if database.dialect == "postgresql":
                from taskrow.storage.patience import may_take_long

                may_take_long(connection)
                return list(look(connection))
            return with_signs(lambda connection: list(look(connection)))(connection)
    except DatabaseError as error:
        return [Finding(name, "the rows can be read", 1, (str(error),))]


def _file(connection: Connection, *, quick: bool) -> Finding:
    pragma = "quick_check" if quick else "integrity_check"
    said = [str(row[0]) for row in connection.exec_driver_sql(f"PRAGMA {pragma}(20)")]
    return Finding.of(pragma, "SQLite finds the file sound", [] if said == ["ok"] else said)


def _schema(connection: Connection) -> list[Finding]:
    found, missing = inspect(connection), []
    for table in metadata.tables.values():
        there = {index["name"] for index in found.get_indexes(table.name)}
        missing += [str(index.name) for index in table.indexes if index.name not in there]
    triggers = connection.execute(text(_TRIGGERS[connection.dialect.name])).scalars()
    if FINAL_ROW_TRIGGER_NAME not in set(triggers):
        missing.append(FINAL_ROW_TRIGGER_NAME)
    return [Finding.of("schema", "every index and trigger is there", missing)]
