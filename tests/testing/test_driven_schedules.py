"""Schedules under a driven clock: what a user's test sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask

from taskrow import TaskContext, TaskQueue
from taskrow.testing import SubmittedTask, Tasks

queue = TaskQueue()


@queue.task(every=timedelta(hours=1))
def hourly() -> str:
    return "struck"


@queue.task(bind=True, retries=1, backoff=60)
def told(self: TaskContext, flaky: bool = False) -> str | None:
    if flaky and not self.request.retries:
        raise ConnectionError
    return self.request.due_at.isoformat() if self.request.due_at else None


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


def results(ran: list[SubmittedTask]) -> list[object]:
    return [task.result for task in ran if task.name == told.name and task.row.status.final]


def test_a_task_learns_the_due_time_that_it_is_for(tasks: Tasks) -> None:
    queue.schedule("told", told, every=3600, args=[True])
    newest = tasks.now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=4)
    tasks.advance(newest + timedelta(minutes=10) - tasks.now, run=False)
    ran = tasks.advance(minutes=2)  # the newest that was missed fires, and its first run fails
    assert results(ran) == [newest.isoformat()]


def test_a_task_of_no_due_time_learns_none(tasks: Tasks) -> None:
    queue.schedule("told", told, every=3600)
    queue.run_schedule("told")
    told.delay()
    assert results(tasks.run_pending()) == [None, None]
    assert told() is None  # called like a function
