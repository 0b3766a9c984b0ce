"""Which database a connection leads to, by asking it: two URLs can spell the same in many ways."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, text

if TYPE_CHECKING:
    from taskrow.storage.database import Database

_ASK = {
    "sqlite": text("SELECT file FROM pragma_database_list WHERE name = 'main'"),
    # The server (by its start), the database, and the table that a bare name means there.
    "postgresql": text(
        "SELECT pg_postmaster_start_time(), inet_server_port(), current_database(),"
        " CAST(to_regclass('tasks') AS oid)"
    ),
}


def leads_to(connection: Connection, database: Database) -> bool:
    """Whether a connection of the application's leads to the task database."""
    if connection.dialect.name != database.dialect:
        return False
    with database.read() as ours:
        return _whereabouts(connection) == _whereabouts(ours)


def _whereabouts(connection: Connection) -> tuple[Any, ...]:
    return tuple(connection.execute(_ASK[connection.dialect.name]).one())
