"""SQLite never gives the number of a purged row to another one; PostgreSQL never did.

The fence knows a task by its number, so one means the same task for ever. A table cannot be altered
to that: it is made anew, in the words of the old one, and so are its indexes and triggers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from alembic import op
from sqlalchemy import CursorResult

from taskrow.errors import SchemaError

revision = "0009"
down_revision = "0008"

_NUMBERED = (
    ("CREATE TABLE tasks", "CREATE TABLE tasks_numbered"),
    ("seq INTEGER NOT NULL,", "seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"),
    ("PRIMARY KEY (seq),", ""),
)
_ITSELF = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'tasks'"
_ITS_PARTS = """
SELECT sql FROM sqlite_master
WHERE tbl_name = 'tasks' AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid
"""
_ITS_CHILDREN = """
SELECT DISTINCT one.name FROM sqlite_master AS one, pragma_foreign_key_list(one.name) AS key
WHERE one.type = 'table' AND key."table" = 'tasks'
"""


def upgrade() -> None:
    """Copy the rows into a table that numbers its own; nothing on PostgreSQL."""
    if op.get_bind().dialect.name != "sqlite":
        return
    parts = _texts(_ITS_PARTS)
    _run(_numbered(_texts(_ITSELF)[0]))
    with _kept(_texts(_ITS_CHILDREN)):
        _run("INSERT INTO tasks_numbered SELECT * FROM tasks")
        _run("DROP TABLE tasks")
        _run("PRAGMA legacy_alter_table = ON")  # views of the user's own may miss it just now
        _run("ALTER TABLE tasks_numbered RENAME TO tasks")
        _run("PRAGMA legacy_alter_table = OFF")
    for statement in parts:
        _run(statement)


def _numbered(statement: str) -> str:
    for old, new in _NUMBERED:
        if old not in statement:
            raise SchemaError(
                f"the table tasks is not as taskrow made it: its SQL has no {old!r}. Undo what was "
                "altered in it by hand, then run `taskrow upgrade` again"
            )
        statement = statement.replace(old, new, 1)
    return statement


@contextmanager
def _kept(children: Sequence[str]) -> Iterator[None]:
    """Their rows, which would go when ``tasks`` is dropped, are elsewhere meanwhile."""
    for name in children:
        _run(f'CREATE TEMP TABLE "kept_{name}" AS SELECT * FROM "{name}"')  # noqa: S608
        _run(f'DELETE FROM "{name}"')  # noqa: S608
    yield
    for name in children:
        _run(f'INSERT INTO "{name}" SELECT * FROM "kept_{name}"')  # noqa: S608
        _run(f'DROP TABLE temp."kept_{name}"')


def _texts(query: str) -> list[str]:
    return list(_run(query).scalars())


def _run(statement: str) -> CursorResult[str]:
    return op.get_bind().exec_driver_sql(statement)
