"""A shop in the test's process, and looks into its tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import text

from taskrow.engine.queue import QueueEngine
from taskrow.storage.schema import upgrade
from tests.apps.shop import create_app, db


@contextmanager
def open_shop(database_url: str, **config: Any) -> Iterator[Flask]:
    """A shop whose tables and taskrow's are in one database, in a context of its own."""
    with shop_without_tables(database_url, **config) as app:
        db.create_all()
        upgrade(queue_of(app).unchecked_database)
        yield app


@contextmanager
def shop_without_tables(database_url: str, **config: Any) -> Iterator[Flask]:
    """A shop before anything is made in its database."""
    app = create_app(TASKROW_DATABASE_URL=database_url, **config)
    with app.app_context():
        yield app
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
    queue_of(app).close()


def queue_of(app: Flask) -> QueueEngine:
    queue: QueueEngine = app.extensions["taskrow"]
    return queue


def count(app: Flask, table: str) -> int:
    """How many rows are committed."""
    with queue_of(app).database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def counts(app: Flask) -> dict[str, int]:
    """The committed orders and tasks."""
    return {"orders": count(app, '"order"'), "tasks": count(app, "tasks")}
