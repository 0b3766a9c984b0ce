"""Upgrades a database of an old revision again and again, and dies at one operation each time.

``upgrading SHIM DIRECTORY REVISION EVERY``: prints kills, and how often the old and the new tables
were left. REVISION ``0000``: a database in which there is nothing yet. Runs with shims/inject.c in
front (dying.py).
"""

from __future__ import annotations

import shutil
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from taskrow.storage import schema
from taskrow.storage.database import open_database
from tests.faults.operations.dying import Faults
from tests.support.revisions import migrate

_TASKS = 5
NOTHING = "0000"


def main() -> None:
    """Count the operations of an upgrade, then die at every so many-th."""
    shim, directory, revision, every = sys.argv[1:]
    place, saved = Path(directory), Path(f"{directory}-old")
    faults, file = Faults(shim, Path(f"{directory}-count")), place / "tasks.db"

    def work() -> None:
        _upgrade(file)

    _make_old(saved, revision)
    _renew(saved, place)
    operations = faults.count(work)
    left = {"old": 0, "new": 0}
    points = range(1, operations + 1, int(every))
    for number in points:
        _renew(saved, place)
        assert faults.die_at(number, work) in (0, -signal.SIGKILL)
        left[_look(file, revision)] += 1
        faults.count(work)
        assert _look(file, revision) == "new"
    print(len(points), left["old"], left["new"])


def _make_old(directory: Path, revision: str) -> None:
    """A database as an older taskrow left it, with tasks in it."""
    directory.mkdir()
    if revision == NOTHING:
        return
    database = open_database(f"sqlite:///{directory / 'tasks.db'}", busy_timeout=5.0)
    database.migrate(lambda connection: migrate(connection, revision))
    insert = text(
        "INSERT INTO tasks (id, queue, name, status, priority, run_at, args, created_at)"
        " VALUES (:id, 'default', 'old', 'queued', 0, :now, '{}', :now)"
    )
    rows = [{"id": f"old-{n}", "now": "2026-01-01T00:00:00.000Z"} for n in range(_TASKS)]
    database.write(lambda connection: connection.execute(insert, rows).close())
    database.close()


def _renew(saved: Path, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(saved, place)


def _upgrade(file: Path) -> None:
    database = open_database(f"sqlite:///{file}", busy_timeout=5.0)
    schema.ensure_schema(database)
    database.close()


def _look(file: Path, revision: str) -> str:
    """Whether the old or the new tables are left, and whole."""
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        if revision == NOTHING and not database.execute("SELECT * FROM sqlite_master").fetchone():
            return "old"
        (tasks,) = database.execute("SELECT count(*) FROM tasks").fetchone()
        (found,) = database.execute("SELECT version_num FROM taskrow_alembic_version").fetchone()
    assert tasks == (0 if revision == NOTHING else _TASKS)
    assert found in (revision, schema.known_revisions()[-1])
    return "old" if found == revision else "new"


if __name__ == "__main__":
    main()
