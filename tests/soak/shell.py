"""The soak's own look into the database, past taskrow, as an admin's shell would take it."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

TABLES = ("tasks", "task_attempts", "workers")  # whose rows come and must go
_NAME = "soak-shell"
_RUNNING = text("SELECT id, attempt FROM tasks WHERE status = 'running' AND worker LIKE :worker")
_CUT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    f" WHERE datname = current_database() AND application_name <> '{_NAME}'"
)
_SIZES = text(
    "SELECT pg_database_size(current_database()), count(*) FROM pg_stat_activity"
    f" WHERE datname = current_database() AND application_name <> '{_NAME}'"
)


class Shell:
    """Any thread may use it: each look has a connection of its own. ``url``: SQLAlchemy's."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        is_sqlite = self._url.get_backend_name() == "sqlite"
        given = {"timeout": 30} if is_sqlite else {"application_name": _NAME}
        self._engine = create_engine(
            url, poolclass=NullPool, connect_args=given, isolation_level="AUTOCOMMIT"
        )
        self.file = Path(self._url.database or "") if is_sqlite else None
        if is_sqlite:
            event.listen(self._engine, "connect", _leave_the_log)
        self.cut: Callable[[], None] | None = None if is_sqlite else self._cut

    def make_effects(self) -> None:
        """The users' own table, in which ``self.commit`` writes."""
        with self._engine.connect() as connection:
            connection.execute(text("CREATE TABLE effects (task TEXT NOT NULL)"))

    def take_effects(self) -> list[str]:
        """Which tasks have written an effect since the last call; their rows are deleted."""
        with self._engine.connect() as connection:
            return list(connection.scalars(text("DELETE FROM effects RETURNING task")).all())

    def running(self, worker: int) -> dict[str, int]:
        """The tasks that run in the worker with this pid, and their attempts."""
        with suppress(OperationalError), self._engine.connect() as connection:
            rows = connection.execute(_RUNNING, {"worker": f"%-{worker}-%"}).all()
            return {one.id: one.attempt for one in rows}
        return {}

    def count_rows(self) -> dict[str, float]:
        """How many rows each of the TABLES has."""
        with self._engine.connect() as connection:
            return {f"rows of {table}": _number(connection, table) for table in TABLES}

    def sizes(self) -> dict[str, float]:
        """SQLite: the file, its log, and how many files lie beside it (locks of who is gone?).

        PostgreSQL: the database, and how many connections it has. Sizes are in MiB.
        """
        if self.file is None:
            with self._engine.connect() as connection:
                size, connections = connection.execute(_SIZES).one()
            return {"database": size / 2**20, "connections": float(connections)}
        beside = sum(len(files) for _, _, files in os.walk(self.file.parent))
        log = self.file.with_name(f"{self.file.name}-wal")
        return {"file": _size(self.file), "WAL": _size(log), "files": float(beside)}

    def integrity(self) -> str:
        """What SQLite says about its file: ``ok``, or what is wrong."""
        if self.file is None:
            return "ok"  # of PostgreSQL `taskrow check` says what there is to say
        with self._engine.connect() as connection:
            return str(connection.scalar(text("PRAGMA integrity_check")))

    def _cut(self) -> None:
        """End every connection to the database but those of this shell."""
        with self._engine.connect() as connection:
            connection.execute(_CUT).all()


def _leave_the_log(raw: Any, _: Any) -> None:
    """To fold it is for those who hold the gate."""
    raw.execute("PRAGMA wal_autocheckpoint = 0")


def _number(connection: Connection, table: str) -> float:
    return float(connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


def _size(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_size / 2**20
    return 0.0
