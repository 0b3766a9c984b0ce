"""PostgreSQL: a pool of connections; the server itself groups commits and orders writers."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.exc import OperationalError

from taskrow.errors import SettingsError
from taskrow.storage.alone import joined_by, run_alone
from taskrow.storage.database import Database, plain_errors
from taskrow.storage.prepared import Once

T = TypeVar("T")

_DEADLOCK, _MOST_TRIES = "40P01", 5
# Of one process at most: a server takes 100 by default. They are kept, since to open one takes as
# long as some hundred reads; threads stand in line for them, as long as the busy timeout.
_CONNECTIONS = 15

# For the trigger that rings for all others (storage/tables.py).
_RINGS_ITSELF = "-c taskrow.rings=itself"
# Whoever is stopped in a transaction (a sleeping machine) holds its rows from all others until the
# server ends it: after the busy timeout, as there is nothing between two statements of ours.
_IDLE, _LONGER_ALONE = "idle_in_transaction_session_timeout", 10
_SILENCE = 2.0  # seconds beyond the busy timeout, after which a silent server is given up


class PostgresDatabase(Database):
    """A task database in a PostgreSQL schema (the first of the connection's search_path)."""

    dialect = "postgresql"

    def __init__(self, url: URL, *, busy_timeout: float) -> None:
        self.url = url.set(drivername="postgresql+psycopg")
        self.place = url.render_as_string(hide_password=True)
        self._busy_timeout, self._waits = busy_timeout, int(busy_timeout * 1000)
        self._engine: Engine | None = None
        self._pid = 0
        self._opening = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        with plain_errors(self.place), self._open().connect() as connection:
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        if (joined := joined_by(self)) is not None:
            return work(joined)

        by_itself = isinstance(work, Once)

        def write() -> T:
            # What reads commits each statement by itself.
            with self.read() if by_itself else self._begin() as connection:
                return work(connection)

        with plain_errors(self.place):
            return _despite_deadlocks(write)

    def write_alone(self, work: Callable[[Connection], None], then: Callable[[Connection], T]) -> T:
        from taskrow.storage.patience import may_take_long

        with plain_errors(self.place), self._begin() as connection:
            # Code of the user's own runs in between. (The driver begins with this statement.)
            connection.exec_driver_sql(f"SET LOCAL {_IDLE}={self._waits * _LONGER_ALONE}")
            may_take_long(connection)
            run_alone(self, connection, work)

            def rest() -> T:  # a savepoint: what a deadlock undoes is this part alone
                with connection.begin_nested():
                    return then(connection)

            return _despite_deadlocks(rest)

    @contextmanager
    def _begin(self) -> Iterator[Connection]:
        with self._open().connect() as pooled:
            connection = pooled.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                yield connection

    def own_connection(self) -> Any:
        """A driver connection outside the pool, in autocommit: to listen and to hold locks on."""
        pooled = self._open().raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        connection.autocommit = True
        return connection

    def close(self) -> None:
        if self._engine is not None and self._pid == os.getpid():
            self._engine.dispose()
        self._engine = None

    def _open(self) -> Engine:
        with self._opening:
            if self._engine is None or self._pid != os.getpid():
                if self._engine is not None:  # a parent's connections are not ours to close
                    self._engine.dispose(close=False)
                self._engine, self._pid = self._create(), os.getpid()
            return self._engine

    def _own_options(self) -> str:
        """The ``options`` of the URL (a search_path, say), which ours must not replace."""
        given = self.url.query.get("options", "")
        return given if isinstance(given, str) else " ".join(given)

    def _create(self) -> Engine:
        try:
            from taskrow.storage.lifesigns import look_for_life
            from taskrow.storage.patience import limit_patience

            engine = create_engine(
                self.url,
                # What is one statement needs no more: to turn this on and off takes as long as it.
                isolation_level="AUTOCOMMIT",
                skip_autocommit_rollback=True,
                pool_size=_CONNECTIONS,
                max_overflow=0,
                pool_timeout=self._busy_timeout,
                pool_use_lifo=True,
                connect_args={
                    "connect_timeout": max(1, int(self._busy_timeout)),
                    "options": f"-c timezone=UTC -c lock_timeout={self._waits} "
                    f"-c {_IDLE}={self._waits} {_RINGS_ITSELF} "
                    f"{self._own_options()}",
                },
            )
            limit_patience(engine, self._busy_timeout + _SILENCE)
            look_for_life(engine)
        except ModuleNotFoundError:
            raise SettingsError(
                "PostgreSQL needs psycopg: pip install 'taskrow[postgres]'"
            ) from None

        return engine


def _despite_deadlocks(write: Callable[[], T]) -> T:
    """Write again when the server has undone it, as it does with one of two in a deadlock."""
    tries = 0
    while True:
        tries += 1
        try:
            return write()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", "") != _DEADLOCK or tries == _MOST_TRIES:
                raise
