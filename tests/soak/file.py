"""The soak's own look into the SQLite file, as an admin's shell would take it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TABLES = ("tasks", "task_attempts", "workers")  # whose rows come and must go


@contextmanager
def opened(file: Path, timeout: float = 30.0) -> Iterator[sqlite3.Connection]:
    """A connection that never folds the log: that is for those who hold the gate."""
    connection = sqlite3.connect(file, timeout=timeout, isolation_level=None)
    try:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        yield connection
    finally:
        connection.close()


def make_effects(file: Path) -> None:
    """The users' own table, in which ``self.commit`` writes."""
    with opened(file) as connection:
        connection.execute("CREATE TABLE effects (task TEXT NOT NULL)")


def take_effects(file: Path) -> list[str]:
    """Which tasks have written an effect since the last call; their rows are deleted."""
    with opened(file) as connection:
        connection.execute("BEGIN IMMEDIATE")
        taken = connection.execute("DELETE FROM effects RETURNING task").fetchall()
        connection.execute("COMMIT")  # only now: a row that is still there will come again
        return [task for (task,) in taken]


def running_of(file: Path, worker: int) -> dict[str, int]:
    """The tasks that run in the worker with this pid, and their attempts."""
    running = "SELECT id, attempt FROM tasks WHERE status = 'running' AND worker LIKE ?"
    with suppress(sqlite3.OperationalError), opened(file, timeout=0.2) as connection:
        return dict(connection.execute(running, (f"%-{worker}-%",)).fetchall())
    return {}


def count_rows(file: Path) -> dict[str, float]:
    """How many rows each of the TABLES has."""
    with opened(file) as connection:
        return {
            f"rows of {table}": float(
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            )
            for table in TABLES
        }


def integrity(file: Path) -> str:
    """What SQLite says about its file: ``ok``, or what is wrong."""
    with opened(file) as connection:
        return str(connection.execute("PRAGMA integrity_check").fetchone()[0])
