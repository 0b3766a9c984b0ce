"""The schema of a task database: find its revision, make and upgrade it, refuse an unknown one.

A database that holds nothing but taskrow's own tables is made and upgraded by itself on first use.
One that it shares with other tables is changed only when asked: ``taskrow upgrade``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, func, inspect, select, text

from taskrow.errors import SchemaError
from taskrow.storage.database import Database
from taskrow.storage.tables import metadata
from taskrow.storage.views import NAMES as VIEWS
from taskrow.storage.views import create_views, drop_views

VERSION_TABLE = "taskrow_alembic_version"
_UPGRADE_LOCK = int.from_bytes(b"taskrow", "big")


@cache
def migrations() -> Path:
    """Where the migrations lie: inside the package of a wheel, beside the sources of a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


@cache
def known_revisions() -> tuple[str, ...]:
    """The revisions that this version of taskrow knows, oldest first (files ``0001_what.py``)."""
    return tuple(sorted(file.name[:4] for file in (migrations() / "versions").glob("[0-9]*.py")))


def ensure_schema(
    database: Database, *, may_write: bool = True, may_be_newer: bool = False
) -> None:
    """Make the tables fit this version, where that is ours to do; otherwise SchemaError.

    Reads one row when everything is as it should be. ``may_write``: False inside a transaction of
    the caller's, whose lock would be waited for in vain. ``may_be_newer``: the tables fitted this
    version when its work began, and a later one only adds to them.
    """
    with database.read() as connection:
        revision = find_revision(connection)
        own = revision == known_revisions()[-1] or _is_own(connection)
    if may_be_newer and is_newer(revision):
        return
    if _outdated(revision, database.place):
        if not own:
            raise SchemaError(_what_to_do(revision, database.place))
        if not may_write:
            raise SchemaError(
                f"the tables of the task database {database.place} are not made or not up to date, "
                "and an open transaction keeps them so: run `taskrow upgrade` before"
            )
        upgrade(database)


def upgrade(database: Database) -> str | None:
    """Bring the tables to the newest revision in one transaction; return the one before."""
    return database.migrate(lambda connection: _upgrade(connection, database.place))


def find_revision(connection: Connection) -> str | None:
    """The revision that the database says it has; None where taskrow was never there."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608


def is_newer(revision: str | None) -> bool:
    """Whether a later taskrow has made what is there."""
    return revision is not None and revision not in known_revisions()


def _what_to_do(revision: str | None, place: str) -> str:
    if revision is None:
        return (
            f"the database {place} holds other tables beside taskrow's: "
            "run `taskrow upgrade` once to let taskrow make its own there"
        )
    return (
        f"the tables of the task database {place} are at revision {revision}, and this taskrow "
        f"needs {known_revisions()[-1]}: run `taskrow upgrade`"
    )


def _outdated(revision: str | None, place: str) -> bool:
    if is_newer(revision):
        raise SchemaError(
            f"the task database {place} is at revision {revision}, newer than this taskrow knows "
            f"({known_revisions()[-1]}): upgrade taskrow"
        )
    return revision != known_revisions()[-1]


def _is_own(connection: Connection) -> bool:
    names = set(inspect(connection).get_table_names())
    return names <= {*metadata.tables, VERSION_TABLE}


def _upgrade(connection: Connection, place: str) -> str | None:
    if connection.dialect.name == "postgresql":  # writers of SQLite take turns anyway
        from taskrow.storage.patience import may_take_long

        may_take_long(connection)  # a large table is rewritten in silence
        connection.execute(select(func.pg_advisory_xact_lock(_UPGRADE_LOCK)))
    revision = find_revision(connection)  # again: another process may have been here first
    if _outdated(revision, place):
        if revision is None:
            _refuse_taken_names(connection, place)
        drop_views(connection)
        _run_migrations(connection)
        create_views(connection)
    return revision


def _refuse_taken_names(connection: Connection, place: str) -> None:
    """Where taskrow never was, a table or view of one of its names is somebody else's."""
    found = inspect(connection)
    names = {*found.get_table_names(), *found.get_view_names()}
    if taken := sorted(names & {*metadata.tables, *VIEWS}):
        raise SchemaError(
            f"in the database {place} something called {', '.join(taken)} already exists that is "
            "not taskrow's: give taskrow a database of its own by TASKROW_DATABASE_URL (another "
            "SQLite file; on PostgreSQL another schema, by ?options=-csearch_path=taskrow)"
        )


def _run_migrations(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
