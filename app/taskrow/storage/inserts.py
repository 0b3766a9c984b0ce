"""INSERT with ON CONFLICT, of either dialect: loaded with the first one that is made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Table

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
    from sqlalchemy.dialects.sqlite import Insert as SqliteInsert


def insert_sqlite(table: Table) -> SqliteInsert:
    from sqlalchemy.dialects.sqlite import insert

    return insert(table)


def insert_postgresql(table: Table) -> PostgresqlInsert:
    from sqlalchemy.dialects.postgresql import insert

    return insert(table)
