"""taskrow on PostgreSQL: the same application, another URL."""

from __future__ import annotations

from bench.lanes.lane import Spec
from bench.lanes.ours import Application
from bench.lanes.postgres_server import PostgresLane
from bench.lanes.words import postgres_words


class OursPostgres(Application, PostgresLane):
    """taskrow on a database of its own."""

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self.url = spec.url

    def durability(self) -> str:
        self.engine.find("")  # makes the tables
        return postgres_words(self.outside)


LANE = OursPostgres
