"""Databases with taskrow's tables in them: made once, and copied for each test.

To make the tables takes a tenth of a second of the processor, longer than most tests.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from taskrow.storage.database import open_database
from taskrow.storage.schema import ensure_schema
from tests.support.postgres import PostgresServer


def sqlite_url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def make_tables(url: str) -> str:
    """Make the tables in an empty database; returns its URL."""
    database = open_database(url, busy_timeout=30)
    ensure_schema(database)
    database.close()
    return url


class Templates:
    """The databases that are copied; each is made when it is first asked for."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "template.db"
        self._postgres_url: str | None = None

    def new_file(self, path: Path) -> str:
        """The URL of a new SQLite file with the tables."""
        if not self._file.exists():
            make_tables(sqlite_url_of(self._file))
        shutil.copy(self._file, path)
        return sqlite_url_of(path)

    def new_on(self, server: PostgresServer) -> str:
        """The URL of a new database with the tables on the session's server."""
        if self._postgres_url is None:
            self._postgres_url = make_tables(server.create_database())
        return server.create_database(like=self._postgres_url)
