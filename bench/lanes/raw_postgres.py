"""Bare psycopg on taskrow's own tables: the limit for so many rows a commit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bench.lanes.lane import Command, Spec, Submit
from bench.lanes.ours import create_app
from bench.lanes.postgres_server import PostgresLane, connect
from bench.lanes.raw_sql import READ, SUBMIT, encode, now_text
from bench.lanes.words import postgres_words
from taskrow.domain.ids import new_id, new_ids
from taskrow.web.lookup import engine_of


class RawPostgres(PostgresLane):
    """One connection, one row a commit."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        engine = engine_of(create_app(spec.url))
        engine.find(new_id(datetime.now(UTC)))  # makes the tables
        engine.close()
        self._rows = connect(spec.url)

    def submit(self, function: str) -> Submit:
        name, rows, statement = f"bench.tasks.{function}", self._rows, marked(SUBMIT)

        def submit(*args: object) -> str:
            task_id, now = new_id(datetime.now(UTC)), now_text()
            rows.execute(statement, (task_id, name, encode(args), now, now))
            return task_id

        return submit

    def submit_many(self, numbers: Sequence[int], at_once: int = 1000) -> list[str]:
        now, ids = now_text(), new_ids(datetime.now(UTC), len(numbers))
        for start in range(0, len(numbers), at_once):
            end = start + at_once
            some = zip(ids[start:end], numbers[start:end], strict=True)
            rows = [(each, "bench.tasks.same", encode((n,)), now, now) for each, n in some]
            with self._rows.transaction():
                self._rows.cursor().executemany(marked(SUBMIT), rows)
        return ids

    def read(self, task_id: str) -> object:
        return self._rows.execute(marked(READ), (task_id,)).fetchone()

    def worker(self) -> Command:
        batch = self.spec.options.get("batch", 1)
        return Command(["bench.lanes.raw_postgres_worker", self.spec.url, str(batch)])

    def durability(self) -> str:
        return postgres_words(self._rows)


def marked(statement: str) -> str:
    """The statement of sqlite3 with psycopg's marks for values."""
    return re.sub(r"(?<!:):(\w+)", r"%(\1)s", statement.replace("?", "%s"))


LANE = RawPostgres
