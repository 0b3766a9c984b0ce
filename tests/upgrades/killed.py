"""Upgrades a database that others work on, again and again, and dies in the middle each time.

``killed URL EVERY NOTES [SHIM]``: on SQLite at every so many-th I/O operation (shims/inject.c is in
front), on PostgreSQL at every so many-th statement. Runs the code of the next version, and goes
back to the version before. Prints kills, and how often the old and the new tables were left.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from taskrow.storage import schema
from taskrow.storage.database import open_database
from taskrow.storage.views import create_views, drop_views
from tests.upgrades.versions import UNDO

_KILL = 1


class Upgrader:
    """Upgrades in a child, which is killed there."""

    def __init__(self, url: str, notes: Path, shim: str | None) -> None:
        self._url, self._notes = url, notes
        self._shim = None if shim is None else ctypes.CDLL(shim)
        if self._shim is not None:
            self._shim.fault_count.restype = ctypes.c_long

    def count(self) -> int:
        """How many operations, or statements, an upgrade has."""
        self.upgrade(0)
        return int(self._notes.read_text())

    def upgrade(self, number: int) -> None:
        """Upgrade, and die at this operation; 0: live."""
        if (child := os.fork()) == 0:
            count = self._arm(number)
            database = open_database(self._url, busy_timeout=30)
            schema.upgrade(database)
            self._notes.write_text(str(count()))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        assert code == (-signal.SIGKILL if number else 0), code

    def _arm(self, number: int) -> Any:
        if self._shim is not None:
            self._shim.fault_arm(ctypes.c_long(number), ctypes.c_int(_KILL if number else 0))
            return self._shim.fault_count
        executed = 0

        def count(*_: Any) -> None:
            nonlocal executed
            executed += 1
            if executed == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Engine, "before_cursor_execute", count)
        return lambda: executed

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
    upgrader = Upgrader(url, Path(notes), shim[0] if shim else None)
    operations = upgrader.count()
    upgrader.go_back()
    points = range(1, operations + 1, int(every))
    new = 0
    for number in points:
        upgrader.upgrade(number)
        if upgrader.is_new():
            new += 1
            upgrader.go_back()
    print(len(points), len(points) - new, new)


if __name__ == "__main__":
    main()
