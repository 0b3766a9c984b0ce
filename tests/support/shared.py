"""One database and one worker for several tests: to start a worker takes longer than most tests.

Each test finds the database without rows, and a worker that has nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect

from taskrow.storage.database import Database, open_database
from taskrow.storage.schema import VERSION_TABLE
from taskrow.storage.tables import metadata
from tests.support.processes import Process, ProcessFactory

# What a worker writes when it starts, and what makes the tables ours.
KEPT = {"workers", "schedules", VERSION_TABLE}


class SharedProcesses(ProcessFactory):
    """Starts processes; what is asked for as it was before is the one from before."""

    def __init__(self, directory: Path, database_url: str) -> None:
        super().__init__(directory, database_url)
        self._wish: object = None
        self._worker: Process | None = None
        self._webs: dict[str, tuple[Process, str]] = {}

    def begin(self, directory: Path) -> None:
        """A test begins: what is started from now on works in its directory."""
        self._directory = directory

    def worker(
        self, *options: str, app: str = "tests.apps.basic:app", env: dict[str, str] | None = None
    ) -> Process:
        wish = (options, app, env)
        worker = self._worker
        if worker is None or worker.process.poll() is not None or wish != self._wish:
            self.end_worker()
            worker = super().worker(*options, app=app, env=env)
            self._worker, self._wish = worker, wish
        worker.forget_output()
        return worker

    def web(
        self, app: str = "tests.apps.basic:app", port: int | None = None
    ) -> tuple[Process, str]:
        if app not in self._webs or self._webs[app][0].process.poll() is not None:
            self._webs[app] = super().web(app, port)
        return self._webs[app]

    def end_worker(self) -> None:
        """End the worker, and whatever it runs."""
        if self._worker is not None:
            self._worker.end_group()
        self._worker = None


class SharedPlace:
    """A database and the processes on it."""

    def __init__(self, directory: Path, database_url: str) -> None:
        self.database_url = database_url
        self.processes = SharedProcesses(directory, database_url)
        self._database: Database = open_database(database_url, busy_timeout=30)

    def begin(self, directory: Path) -> None:
        """A test begins: nothing is left of the one before."""
        if self._is_at_work():
            self.processes.end_worker()
        self._database.write(_empty)
        self.processes.begin(directory)

    def _is_at_work(self) -> bool:
        with self._database.read() as connection:
            left = "SELECT count(*) FROM tasks WHERE finished_at IS NULL"
            return bool(connection.exec_driver_sql(left).scalar_one())

    def end(self) -> None:
        self.processes.end()
        self._database.close()


def _empty(connection: Connection) -> None:
    """Delete all rows, those of tables that tests made beside ours too."""
    ours = [table.name for table in reversed(metadata.sorted_tables)]
    others = set(inspect(connection).get_table_names()) - set(ours)
    for name in [*sorted(others), *ours]:
        if name not in KEPT:
            connection.exec_driver_sql(f'DELETE FROM "{name}"')


@contextmanager
def shared_place(directory: Path, database_url: str) -> Iterator[SharedPlace]:
    """A place whose processes all end with the block."""
    place = SharedPlace(directory, database_url)
    try:
        yield place
    finally:
        place.end()
