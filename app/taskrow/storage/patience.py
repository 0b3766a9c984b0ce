"""A PostgreSQL connection that does not wait for ever for a server that says nothing.

A network that swallows packets is not seen by libpq: a query waits for its reply until the system
gives up, which a proxy in between prevents for ever. No statement of ours is silent for long (the
server itself ends waits for locks), so whoever is silent is gone. What may take long says so.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, event


def may_take_long(connection: Connection) -> None:
    """Wait for this connection without a limit, until it goes back to its pool."""
    raw: Any = connection.connection.driver_connection
    if hasattr(raw, "patience"):
        raw.patience = None


def limit_patience(engine: Engine, seconds: float) -> None:
    """Have the connections of a pool give up after so many seconds of silence."""

    def connect(_: Any, __: Any, args: Any, options: Any) -> Any:
        connection = PatientConnection.connect(*args, **options)
        connection.patience = seconds
        return connection

    def come_back(raw: Any, _: Any) -> None:
        if raw is not None:
            raw.patience = seconds

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "checkin", come_back)


class PatientConnection(psycopg.Connection[Any]):
    """Gives up after ``patience`` seconds without a word of the server; None: never."""

    patience: float | None = None

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **kwargs: Any) -> Any:
        if self.patience is not None:
            gen = self._within(gen, self.patience)
        return super().wait(gen, *args, **kwargs)

    def _within(self, gen: Generator[Any, Any, Any], patience: float) -> Generator[Any, Any, Any]:
        try:
            wanted = next(gen)
            heard_at = time.monotonic()
            while True:
                ready = yield wanted
                moment = time.monotonic()
                if ready:
                    heard_at = moment
                elif moment - heard_at > patience:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(
                        f"the server has not said a word for {patience:g} s"
                    )
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value
