"""Whole copies of SQLite files, and whether what one holds can be trusted.

Only through SQLite's backup API: a copy of the bytes lacks what the log holds, and to close such a
file in a process that uses it drops SQLite's locks.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from taskrow.errors import DatabaseError, SchemaError
from taskrow.storage.schema import VERSION_TABLE, known_revisions
from taskrow.storage.tables import metadata
from taskrow.storage.types import as_time

_PAGES = 2048  # copied between two looks at the signals
_UNFINISHED = "('queued', 'scheduled', 'running')"


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a task database holds: its revision, and how many rows each of its tables.

    unfinished: how many tasks are queued, scheduled and running. newest_at: when the newest task
    was submitted; None: there is none.
    """

    revision: str
    rows: dict[str, int]
    unfinished: dict[str, int]
    newest_at: datetime | None


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads one file, whatever is in it. DatabaseError with the reason."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            connection.isolation_level = None
            connection.execute("PRAGMA trusted_schema = OFF")
            yield connection
    except sqlite3.Error as error:
        raise DatabaseError(f"{path} cannot be read: {error}") from error


@contextmanager
def standing_still(connection: sqlite3.Connection) -> Iterator[None]:
    """Read one state of the database in the block, whatever is committed meanwhile."""
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield
    finally:
        connection.rollback()


def copy_into(target: Path, source: sqlite3.Connection) -> None:
    """Copy what ``source`` reads into a new file that needs no log beside it.

    Not fsynced yet (storage/placing.py). DatabaseError when it cannot be written.
    """
    try:
        with closing(sqlite3.connect(target, isolation_level=None)) as copy:
            target.chmod(0o600)
            copy.execute("PRAGMA synchronous = OFF")
            source.backup(copy, pages=_PAGES)
            copy.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.Error as error:
        raise DatabaseError(f"the copy cannot be written: {error}") from error


def look_over(path: Path) -> Contents:
    """What is in a file that SQLite finds sound. DatabaseError, SchemaError where it is unfit."""
    with opened(path) as connection:
        [found] = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise DatabaseError(f"the database is damaged: {found.strip()}")
        contents = contents_of(connection)
        for table in metadata.tables:
            if connection.execute(f"PRAGMA foreign_key_check({table})").fetchone():
                raise DatabaseError(f"the database is damaged: {table} has rows of no task")
        return contents


def contents_of(connection: sqlite3.Connection) -> Contents:
    """What a connection reads. SchemaError where that is no task database, or one of the future."""
    tables = tables_of(connection)
    if VERSION_TABLE not in tables:
        raise SchemaError("it is no task database: it has none of taskrow's tables")
    [[revision]] = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
    if revision not in known_revisions():
        newest = known_revisions()[-1]
        raise SchemaError(
            f"it is at revision {revision}, which this taskrow does not know ({newest}): upgrade"
        )
    unfinished = connection.execute(
        f"SELECT status, count(*) FROM tasks WHERE status IN {_UNFINISHED} GROUP BY status"  # noqa: S608
    )
    newest = connection.execute("SELECT created_at FROM tasks ORDER BY seq DESC LIMIT 1").fetchone()
    return Contents(
        revision=revision,
        rows={name: _count(connection, name) for name in tables},
        unfinished=dict(unfinished.fetchall()),
        newest_at=as_time(newest[0]) if newest else None,
    )


def tables_of(connection: sqlite3.Connection) -> list[str]:
    """The names of all tables, also of those that are not taskrow's."""
    rows = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
        " AND sql NOT LIKE 'CREATE VIRTUAL %' ORDER BY name"  # these ask for their modules
    )
    return [name for (name,) in rows]


def _count(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    [[number]] = connection.execute(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608
    return int(number)
