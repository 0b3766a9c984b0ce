"""Bare sqlite3 on taskrow's own table: what is left when everything but the rows is taken away.

Its submit is the limit of any that commits each task by itself. Its worker (bench/lanes/raw_worker)
runs each task itself, with nothing in between: the limit for so many tasks a commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.lanes.lane import Command, Spec, Submit
from bench.lanes.ours import create_app
from bench.lanes.raw_sql import READ, SUBMIT, connect, encode, now_text
from bench.lanes.sqlite_file import SqliteFile
from bench.lanes.words import fsync_words
from taskrow.domain.ids import new_id, new_ids
from taskrow.web.lookup import engine_of


class Raw(SqliteFile):
    """One connection, one row a commit."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        if not self.file.exists():
            _make_tables(f"sqlite:///{self.file}")
        self._rows = connect(self.file)

    def submit(self, function: str) -> Submit:
        name, rows = f"bench.tasks.{function}", self._rows

        def submit(*args: object) -> str:
            task_id, now = new_id(datetime.now(UTC)), now_text()
            rows.execute(SUBMIT, (task_id, name, encode(args), now, now))
            return task_id

        return submit

    def submit_many(self, numbers: Sequence[int], at_once: int = 1000) -> list[str]:
        now, ids = now_text(), new_ids(datetime.now(UTC), len(numbers))
        for start in range(0, len(numbers), at_once):
            some = zip(ids[start : start + at_once], numbers[start : start + at_once], strict=True)
            rows = [(each, "bench.tasks.same", encode((n,)), now, now) for each, n in some]
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.executemany(SUBMIT, rows)
            self._rows.execute("COMMIT")
        return ids

    def read(self, task_id: str) -> object:
        return self._rows.execute(READ, (task_id,)).fetchone()

    def worker(self) -> Command:
        batch = self.spec.options.get("batch", 1)
        return Command(["bench.lanes.raw_worker", str(self.file), str(batch)])

    def purge(self) -> Command:
        return Command(["bench.lanes.raw_purge", str(self.file)])

    def durability(self) -> str:
        def ask(name: str) -> object:
            return self._rows.execute(f"PRAGMA {name}").fetchone()[0]

        return fsync_words(ask("journal_mode"), ask("synchronous"))

    def rest(self) -> None:
        self.leave()

    def close(self) -> None:
        super().close()
        self._rows.close()


def _make_tables(url: str) -> None:
    engine = engine_of(create_app(url))
    with engine.database.read():
        pass
    engine.close()


LANE = Raw
