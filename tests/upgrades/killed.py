"""Upgrades a database that others work on, again and again, and dies in the middle each time.

``killed URL EVERY NOTES [SHIM]``: on SQLite at every so many-th I/O operation (shims/inject.c is in
front), on PostgreSQL at every so many-th statement. Runs the code of the next version, and goes
back to the version before. Prints kills, and how often the old and the new tables were left.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from taskrow.storage import schema
from taskrow.storage.database import open_database
from taskrow.storage.views import create_views, drop_views
from tests.faults.operations.dying import Deaths, Faults
from tests.upgrades.versions import UNDO


class Statements(Deaths):
    """At a statement."""

    def arm(self, number: int) -> Callable[[], int]:
        executed = 0

        def count(*_: Any) -> None:
            nonlocal executed
            executed += 1
            if executed == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        return lambda: executed


class Upgraded:
    """The database: to the next version, and back."""

    def __init__(self, url: str) -> None:
        self._url = url

    def upgrade(self) -> None:
        schema.upgrade(open_database(self._url, busy_timeout=30))

    def is_new(self) -> bool:
        """Whether the new tables are there, and whole; else the old ones are."""
        database = open_database(self._url, busy_timeout=30)
        with database.read() as connection:
            revision = schema.find_revision(connection)
            if database.dialect == "sqlite":
                found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
                assert found == "ok", found
        database.close()
        assert revision in schema.known_revisions()[-2:], revision
        return revision == schema.known_revisions()[-1]

    def go_back(self) -> None:
        """Make the tables what they were."""
        database = open_database(self._url, busy_timeout=30)
        database.write(_undo)
        database.close()


def _undo(connection: Connection) -> None:
    drop_views(connection)
    before = schema.known_revisions()[-2]
    version = f"UPDATE {schema.VERSION_TABLE} SET version_num = '{before}'"
    for statement in (*UNDO, version):
        connection.exec_driver_sql(statement)
    create_views(connection)


def main() -> None:
    """Count the operations of an upgrade, then die at every so many-th."""
    url, every, notes, *shim = sys.argv[1:]
    deaths: Deaths = Faults(shim[0], Path(notes)) if shim else Statements(Path(notes))
    database = Upgraded(url)
    operations = deaths.count(database.upgrade)
    database.go_back()
    points = range(1, operations + 1, int(every))
    new = 0
    for number in points:
        assert deaths.die_at(number, database.upgrade) == -signal.SIGKILL
        if database.is_new():
            new += 1
            database.go_back()
    print(len(points), len(points) - new, new)


if __name__ == "__main__":
    main()
