"""Schedules under a driven clock: what a user's test sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from taskrow import TaskQueue
from taskrow.testing import Tasks

queue = TaskQueue()


@queue.task(every=timedelta(hours=1))
def hourly() -> str:
    return "struck"


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    app = Flask(__name__)
    app.config["TASKROW_DATABASE_URL"] = database_url
    queue.init_app(app)
    with app.app_context():
        yield app
    app.extensions["taskrow"].close()
    queue._apps.remove(app)


def test_each_due_time_fires_once_at_its_time(tasks: Tasks) -> None:
    ran = tasks.advance(hours=5)
    assert [task.result for task in ran] == ["struck"] * 5
    starts = [task.row.started_at for task in ran if task.row.started_at is not None]
    assert {b - a for a, b in zip(starts, starts[1:], strict=False)} == {timedelta(hours=1)}  # noqa: RUF007


def test_after_hours_without_workers_it_fires_once(tasks: Tasks) -> None:
    tasks.advance(hours=1)
    tasks.advance(hours=5, run=False)
    assert [task.name for task in tasks.advance()] == [hourly.name]
