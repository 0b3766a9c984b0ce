"""Connections that are not ours: a task written in a transaction of the application's own.

The row is then there if and only if the application commits. What must hold before: the connection
is to our database, and its transaction has really begun.
"""

from __future__ import annotations

import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, event, text

from taskrow.errors import SettingsError
from taskrow.storage.database import Database
from taskrow.storage.gate import Gate
from taskrow.storage.same_file import identity_of, must_be
from taskrow.storage.schema import VERSION_TABLE, find_revision
from taskrow.storage.sqlite import SqliteDatabase
from taskrow.storage.tables import metadata, tasks

OWN_TABLES = frozenset({*metadata.tables, VERSION_TABLE})

# The note on a driver's connection: the places of task databases, and what tells that it still
# leads there (SQLite: the file's identity; PostgreSQL: the table that is seen).
_LEADS_TO = "taskrow.leads_to"
_SEEN = f"SELECT to_regclass('{tasks.name}')::oid"
_NO_FILE = (0, 0)  # what no file has for an identity: to be gone is not to be the same
_WHERE = text(
    "SELECT extract(epoch FROM pg_postmaster_start_time())::text, current_database()::text,"
    " (SELECT nspname::text FROM pg_class JOIN pg_namespace space ON space.oid = relnamespace"
    " WHERE pg_class.oid = to_regclass(:tasks)), to_regclass(:tasks)::oid"
)


class Place(NamedTuple):
    """What two connections to one database have in common, however their URLs are written."""

    server: tuple[Any, ...]
    schema: str | None  # where the table ``tasks`` is that is seen from there
    table: int | None  # and which one it is


def leads_to(connection: Connection, database: Database) -> bool:
    """Whether a connection is to the task database; in full a driver's is asked only once.

    DatabaseError where it was, and its file is not the one at the path any more.
    """
    if connection.dialect.name != database.dialect:
        return False
    known: dict[str, Any] = connection.info.setdefault(_LEADS_TO, {})
    if isinstance(database, SqliteDatabase):
        return _is_to_file(connection, database, known)
    return _sees_own_tables(connection, database, known)


def holds_own_tables(connection: Connection, database: Database, schema: str | None) -> bool:
    """Whether the names of our tables mean our tables in a schema (None: the default one)."""
    if connection.dialect.name != database.dialect or find_revision(connection) is None:
        return False
    if isinstance(database, SqliteDatabase):
        return schema in (None, "main") and _same_file(_file_of(connection), database)
    theirs, ours = _place_of(connection), _own_place(database)
    schema = schema or connection.dialect.default_schema_name
    return theirs.server == ours.server and schema == ours.schema


def begin(connection: Connection, database: Database, *, timeout: float) -> None:
    """Make sure that a transaction stands around what is written next; SettingsError if it cannot.

    ``timeout``: seconds to wait for the turn to write. DatabaseBusyError after that.
    """
    if not connection.in_transaction():
        connection.begin()
    raw: Any = connection.connection.driver_connection
    if not isinstance(database, SqliteDatabase):
        if getattr(raw, "autocommit", False) is True:
            raise SettingsError(_AUTOCOMMIT)
        return
    if raw.in_transaction:
        _refuse_loose_savepoint(connection, raw)
    elif not _begins_by_itself(raw):
        raise SettingsError(_AUTOCOMMIT)
    else:
        # The driver would begin at the INSERT, and SQLite would let a busy worker overtake it.
        with closing(Gate(database.path)) as gate, gate.turn(time.monotonic() + timeout):
            connection.exec_driver_sql("BEGIN IMMEDIATE")
    prepare_engine(connection.engine)


def is_writing(connection: Connection) -> bool:
    """Whether SQLite's write lock may be held by this connection."""
    raw: Any = connection.connection.driver_connection
    return connection.dialect.name == "sqlite" and bool(raw.in_transaction)


def prepare_engine(engine: Engine) -> None:
    """Mend what an engine of the application's own does to our SQLite file.

    Its connections leave checkpoints to the gate (storage/checkpoints.py); and a transaction begins
    before its first savepoint, whose release would otherwise be the commit.
    """
    if engine.dialect.name == "sqlite" and not _is_prepared(engine):
        event.listen(engine, "connect", _leave_checkpoints)
        event.listen(engine, "savepoint", _begin_before_savepoint)


def is_file_of(engine: Engine, database: Database) -> bool:
    """Whether an engine is to the file of the task database, without a look into it."""
    return (
        isinstance(database, SqliteDatabase)
        and engine.dialect.name == "sqlite"
        and _same_file(engine.url.database, database)
    )


_AUTOCOMMIT = (
    "the session commits each statement by itself (autocommit), so no task can join it: "
    "take away isolation_level='AUTOCOMMIT', or submit with session=False"
)
_LOOSE_SAVEPOINT = (
    "the session is in a savepoint around which Python's sqlite3 may not have begun a transaction, "
    "so a rollback could leave the task there: submit before begin_nested(), or give the engine "
    "the BEGIN recipe of docs/sqlalchemy.md"
)


def _is_to_file(connection: Connection, database: SqliteDatabase, known: dict[str, Any]) -> bool:
    if known.get(database.place) is None:
        if not _same_file(_file_of(connection), database):
            return False
        connection.exec_driver_sql("PRAGMA wal_autocheckpoint = 0")
        known[database.place] = identity_of(database.place)
    must_be(database.place, known[database.place] or _NO_FILE)
    database.must_be_there()
    return True


def _sees_own_tables(connection: Connection, database: Database, known: dict[str, Any]) -> bool:
    """The search path is one thing now and another then, and so is what a name in it means."""
    seen = known.get(database.place)
    if seen is not None and connection.exec_driver_sql(_SEEN).scalar() == seen:
        return True
    ours = _own_place(database)
    if ours.table is None or _place_of(connection) != ours:
        return False
    known[database.place] = ours.table
    return True


def _own_place(database: Database) -> Place:
    with database.read() as connection:
        return _place_of(connection)


def _place_of(connection: Connection) -> Place:
    started, name, schema, table = connection.execute(_WHERE, {"tasks": tasks.name}).one()
    return Place((started, name), schema, table)


def _file_of(connection: Connection) -> str | None:
    """The path of a connection's main database; empty for one in memory."""
    databases = connection.exec_driver_sql("PRAGMA database_list").all()
    return next((path for _, name, path in databases if name == "main"), None)


def _same_file(path: str | None, database: SqliteDatabase) -> bool:
    if not path:
        return False
    try:
        return os.path.samefile(path, database.path)  # a hard link is the same file too
    except OSError:  # it is not there yet
        return Path(path).resolve() == database.path


def _begins_by_itself(raw: Any) -> bool:
    """Whether the driver is in its legacy mode, where it begins before a write and no sooner."""
    return raw.isolation_level is not None and not isinstance(
        getattr(raw, "autocommit", None), bool
    )


def _refuse_loose_savepoint(connection: Connection, raw: Any) -> None:
    loose = connection.in_nested_transaction() and _begins_by_itself(raw)
    if loose and not _is_prepared(connection.engine):
        raise SettingsError(_LOOSE_SAVEPOINT)


def _is_prepared(engine: Engine) -> bool:
    return bool(event.contains(engine, "savepoint", _begin_before_savepoint))


def _leave_checkpoints(raw: Any, _: Any) -> None:
    cursor = raw.cursor()
    cursor.execute("PRAGMA wal_autocheckpoint = 0")
    cursor.close()


def _begin_before_savepoint(connection: Connection, _: str) -> None:
    raw: Any = connection.connection.driver_connection
    if not raw.in_transaction and _begins_by_itself(raw):
        connection.exec_driver_sql("BEGIN")
