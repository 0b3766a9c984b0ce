"""One flipped bit anywhere in a row: its task may suffer, and nobody else does.

That of the arguments, which a checksum covers: test_damage.py.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Integer

from taskrow.domain.settings import Settings
from taskrow.domain.task import Status
from taskrow.engine.doctor.rows import look_at_rows
from taskrow.engine.queue import QueueEngine
from taskrow.engine.registry import Registry
from taskrow.engine.upkeep import Upkeep
from taskrow.errors import TransitionError
from taskrow.storage import queries, schedules
from taskrow.storage.backup import back_up
from taskrow.storage.checks import check
from taskrow.storage.liveness import FileLiveness
from taskrow.storage.tables import tasks
from tests.engine.test_damage import Shop, flipped

COLUMNS = [column.name for column in tasks.c if not isinstance(column.type, Integer)]
FLIPS = 8  # of a column, in each status
ALL = "unique_key = 'once', owner = 'ada', idempotency_key = 'again', "
STARTED = "attempt = 1, worker = 'web1-1-aaaaaaaa', started_at = created_at, "
STANDS = {
    "scheduled": "cancel_requested_at = created_at",
    "queued": "expires_at = '2999-01-01T00:00:00.000Z'",
    "running": STARTED + 'lease_expires_at = created_at, progress = \'{"state":"A","meta":{}}\'',
    "failed": STARTED + "finished_at = created_at, purge_at = '2999-01-01T00:00:00.000Z', "
    'error = \'{"type": "ValueError", "message": "no"}\', traceback = \'no\'',
}


class Place:
    """A task that is damaged, and one that is well, in a file that nobody guards."""

    def __init__(self, directory: Path) -> None:
        self._file, self._copy = directory / "tasks.db", directory / "copy.db"
        settings = Settings(database_url=f"sqlite:///{self._file}")
        self.engine = QueueEngine(settings, Registry())
        self.shop = Shop(self.engine)
        self.damaged, self.well = self.shop.submit(2)
        self._seq = self.engine.get(self.damaged).seq
        self._sign = FileLiveness(self._file, "web1-2-bbbbbbbb", set)
        self.upkeep = Upkeep(self.engine, "web1-2-bbbbbbbb", self._sign)
        self.execute("DROP TRIGGER tasks_final_row")

    def execute(self, statement: str, *values: object) -> bytes | None:
        with closing(sqlite3.connect(self._file, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            row = connection.execute(statement, values).fetchone()
            return None if row is None else row[0]

    def put(self, status: str, column: str) -> bytes:
        """Have the row stand so; returns what is in a column of it."""
        facts = f"status = '{status}', {ALL}{STANDS[status]}"
        self.execute(f"UPDATE tasks SET {facts} WHERE seq = ?", self._seq)
        found = f"SELECT CAST({column} AS BLOB) FROM tasks WHERE seq = ?"
        return self.execute(found, self._seq) or b""

    def write(self, column: str, damage: bytes) -> None:
        """Put it there as it is, be it text or not."""
        put = f"UPDATE tasks SET {column} = CAST(? AS TEXT) WHERE seq = ?"
        self.execute(put, damage, self._seq)

    def look(self) -> None:
        """Everything that looks at many rows, and a worker's upkeep."""
        with self.engine.database.read() as connection:
            assert len(queries.list_tasks(connection)) == 2
        self.engine.find(self.damaged)
        assert list(look_at_rows(self.engine))
        assert list(check(self.engine.database, now=self.engine.clock()))
        back_up(self._file, self._copy, force=True)
        self.upkeep.run_once(self.engine.clock(), time.monotonic())

    def close(self) -> None:
        self._sign.close()
        self.engine.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with closing(Place(tmp_path)) as place:
        yield place


@pytest.mark.parametrize("status", sorted(STANDS))
@pytest.mark.parametrize("column", COLUMNS)
def test_a_flipped_bit_keeps_nobody_else_from_their_worker(
    place: Place, column: str, status: str
) -> None:
    stored = place.put(status, column)
    flips = list(flipped(stored, as_text=False))
    for damage in random.Random(column + status).sample(flips, min(FLIPS, len(flips))):
        place.put(status, column)
        place.write(column, damage)
        place.look()
    place.shop.work()
    assert place.engine.get(place.well).status is Status.SUCCEEDED


def test_a_time_that_is_none_is_never_due(place: Place) -> None:
    place.put("scheduled", "run_at")
    place.write("run_at", b"2026-31-22T07:00:00.000Z")
    assert place.engine.get(place.damaged).run_at.year == 9999
    with place.engine.database.read() as connection:
        due = queries.next_due(connection)
    assert due is not None
    assert due.year == 9999


def test_a_status_that_is_none_is_shown_as_it_stands(place: Place) -> None:
    place.put("queued", "status")
    place.write("status", b"quaued")
    found = place.engine.get(place.damaged)
    assert (found.status, found.status.final) == ("quaued", False)
    with pytest.raises(TransitionError, match="is quaued: too late to cancel"):
        place.engine.cancel(place.damaged)


@pytest.mark.parametrize("column", ["task_name", "rule", "timezone", "source", "next_at"])
def test_a_damaged_schedule_keeps_nobody_from_the_others(place: Place, column: str) -> None:
    tomorrow = place.engine.clock() + timedelta(days=1)
    place.upkeep.begin(place.engine.clock())
    stored = place.execute(f"SELECT CAST({column} AS BLOB) FROM schedules") or b""
    for damage in random.Random(column).sample(list(flipped(stored, as_text=False)), 2 * FLIPS):
        place.execute(f"UPDATE schedules SET {column} = CAST(? AS TEXT)", damage)
        place.upkeep.begin(place.engine.clock())
        place.upkeep.run_once(tomorrow, time.monotonic())
        with place.engine.database.read() as connection:
            assert schedules.list_schedules(connection)
    place.shop.work()
    assert place.engine.get(place.well).status is Status.SUCCEEDED
