"""TASKROW_EAGER: an application that needs no worker, though it may have one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask

from taskrow.domain.task import Status
from taskrow.storage.doorbell import open_doorbell
from taskrow.storage.liveness import show_life
from taskrow.storage.submit import WORK
from tests.apps.doors.tasks import add, queue
from tests.doors.site import open_app
from tests.support.processes import eventually


@queue.task
def is_its_worker_gone() -> bool:
    """What a worker beside this process would think of it."""
    engine = queue.engine()
    bell = open_doorbell(engine.database, WORK)
    other = show_life(engine.database, "other", bell)
    with engine.database.read() as connection:
        running = connection.exec_driver_sql("SELECT worker FROM tasks WHERE status = 'running'")
        worker = str(running.scalar())
    gone = other.is_gone(worker)
    other.close()
    bell.close()
    return gone


@queue.task
def wait_for_heartbeats() -> bool:
    """Whether others hear of its worker again and again while it runs."""
    return eventually(lambda: heartbeat() >= 3)


def heartbeat() -> int:
    with queue.engine().database.read() as connection:
        running = connection.exec_driver_sql("SELECT heartbeat FROM tasks WHERE status = 'running'")
        return int(running.scalar() or 0)


@pytest.fixture
def eager_app(database_url: str) -> Iterator[Flask]:
    with open_app(database_url, TASKROW_EAGER=True) as app, app.app_context():
        yield app
    queue._apps.remove(app)


def test_tasks_run_where_they_are_submitted(eager_app: Flask) -> None:
    result = add.delay(1, 2)
    assert (result.state, result.get(0)) == ("SUCCESS", 3)


def test_a_worker_beside_it_knows_that_it_lives(eager_app: Flask) -> None:
    assert is_its_worker_gone.delay().get(0) is False


def test_it_gives_news_while_a_task_runs_and_leaves_no_thread(database_url: str) -> None:
    options = {"TASKROW_EAGER": True, "TASKROW_HEARTBEAT": 0.05}
    with open_app(database_url, **options) as app, app.app_context():
        assert wait_for_heartbeats.delay().get(0) is True
        assert "taskrow-pulse" not in {thread.name for thread in threading.enumerate()}
    queue._apps.remove(app)


def test_a_stored_view_has_its_answer_behind_the_202(eager_app: Flask) -> None:
    client = eager_app.test_client()
    accepted = client.get("/later/created")
    assert accepted.status_code == 202
    answer = client.get(accepted.location)
    assert (answer.status_code, answer.json) == (201, {"id": 7})
    at_once = client.get("/later/created", headers={"Prefer": "wait=1"})
    assert (at_once.status_code, at_once.json) == (201, {"id": 7})


def test_a_view_that_fails_answers_as_it_would(eager_app: Flask) -> None:
    accepted = eager_app.test_client().get("/boom/raise")
    assert eager_app.test_client().get(accepted.location).status_code == 500


def test_what_it_does_not_know_is_left_to_others(eager_app: Flask) -> None:
    task = queue.send_task("elsewhere.task")
    assert queue.engine().get(task.id).status is Status.QUEUED
