"""SQLite never gives the number of a purged row to another one; PostgreSQL never did.

The fence knows a task by its number, so one means the same task for ever. A table cannot be altered
to that: it is made anew, in the words of the old one, and so are its indexes and triggers.
"""

from __future__ import annotations

from alembic import op
from sqlalchemy import CursorResult

from taskrow.errors import SchemaError

revision = "0009"
down_revision = "0008"

_ANEW = "taskrow_tasks_anew"
_NUMBERED = (
    ("CREATE TABLE tasks", f"CREATE TABLE {_ANEW}"),
    ("seq INTEGER NOT NULL,", "seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,"),
    ("PRIMARY KEY (seq),", ""),
)
_ITSELF = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'tasks'"
_ITS_COLUMNS = "SELECT name FROM pragma_table_info('tasks')"  # without those that are calculated
_ITS_PARTS = """
SELECT sql FROM sqlite_master
WHERE tbl_name = 'tasks' AND type IN ('index', 'trigger') AND sql IS NOT NULL ORDER BY rowid
"""


def upgrade() -> None:
    """Copy the rows into a table that numbers its own; nothing on PostgreSQL."""
    if op.get_bind().dialect.name != "sqlite":
        return
    if _run("PRAGMA foreign_keys").scalar():  # the rows that refer to tasks would go with the table
        raise SchemaError("foreign keys are enforced: upgrade by `taskrow upgrade`")
    parts, columns = _texts(_ITS_PARTS), ", ".join(map(_quoted, _texts(_ITS_COLUMNS)))
    _run(_numbered(_texts(_ITSELF)[0]))
    _run(f"INSERT INTO {_ANEW} ({columns}) SELECT {columns} FROM tasks")  # noqa: S608
    _run("DROP TABLE tasks")
    _run(
        "PRAGMA legacy_alter_table = ON"
    )  # else views and foreign keys that miss it just now count
    _run(f"ALTER TABLE {_ANEW} RENAME TO tasks")
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


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _texts(query: str) -> list[str]:
    return list(_run(query).scalars())


def _run(statement: str) -> CursorResult[str]:
    return op.get_bind().exec_driver_sql(statement)
