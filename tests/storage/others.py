"""Transactions of others on PostgreSQL, which stand while a test does something."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Connection

from taskrow.storage.database import Database


@contextmanager
def in_the_middle(database: Database, work: Callable[[Connection], object]) -> Iterator[None]:
    """Another transaction has done this, and commits when the block ends."""
    done, over = threading.Event(), threading.Event()

    def write(connection: Connection) -> None:
        work(connection)
        done.set()
        assert over.wait(30)

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(database.write, write)
        assert done.wait(30)
        try:
            yield
        finally:
            over.set()
        writing.result()


def waiting_for_locks(database: Database) -> int:
    """How many transactions wait for a lock that another one has."""
    with database.read() as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return int(connection.exec_driver_sql(query).scalar_one())
