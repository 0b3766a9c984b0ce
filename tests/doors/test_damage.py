"""Every door leaves a checksum with what it stores, and a request that has changed is not run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, select, update

from taskrow import TaskQueue
from taskrow.domain.checksum import checksum_of
from taskrow.domain.task import Status
from taskrow.engine.inline import InlineWorker
from taskrow.engine.queue import QueueEngine
from taskrow.storage.tables import task_requests, tasks
from tests.apps.doors.tasks import add, executor, queue
from tests.doors.site import open_app
from tests.engine.test_damaged_rows import Place


@pytest.fixture
def app(database_url: str) -> Iterator[Flask]:
    """An application whose tasks nobody runs."""
    with open_app(database_url) as app, app.app_context():
        yield app


def engine_of(app: Flask) -> QueueEngine:
    engine: QueueEngine = app.extensions["taskrow"]
    return engine


def fetch(app: Flask, *columns: Any) -> list[Any]:
    with engine_of(app).database.read() as connection:
        return list(connection.execute(select(*columns)).all())


def ask(app: Flask) -> str:
    """Submit a view; where its answer will be."""
    accepted = app.test_client().post("/echo/a%20path?x=1", json={"n": 1})
    assert accepted.status_code == 202
    return accepted.headers["Location"]


def work(app: Flask) -> None:
    worker = InlineWorker(engine_of(app))
    while (claim := worker.claim()) is not None:
        worker.run(claim)


def test_every_door_leaves_checksums(app: Flask) -> None:
    add.delay(1, 2)
    add.apply_async([3, 4], countdown=60, unique_key="once")
    queue.submit_many([add.s(5, 6), add.s(7, 8), add.s(9, 10).set(unique_key="twice")])
    queue.send_task("another.process.add", ["é"])
    executor.submit(add, 11, 12)
    ask(app)
    stored = fetch(app, tasks.c.args, tasks.c.args_checksum)
    assert len(stored) == 8
    assert all(checksum == checksum_of(args) for args, checksum in stored)
    columns = task_requests.c.request, task_requests.c.body, task_requests.c.checksum
    assert [checksum_of(*parts) for *parts, _ in fetch(app, *columns)] == [
        checksum for *_, checksum in fetch(app, *columns)
    ]
    work(app)
    assert [row.error for row in fetch(app, tasks.c.error)].count(None) == 7  # but the unknown one


def change(app: Flask, column: str, value: object) -> None:
    changed = update(task_requests).values({column: value})
    engine_of(app).database.write(lambda connection: connection.execute(changed).close())


@pytest.mark.parametrize(
    ("column", "value"), [("body", b'{"n": 3}'), ("request", "{}"), ("checksum", 7)]
)
def test_a_request_that_has_changed_is_not_run(app: Flask, column: str, value: object) -> None:
    place = ask(app)
    change(app, column, value)
    work(app)
    answer = app.test_client().get(place)
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    [(status, error)] = fetch(app, tasks.c.status, tasks.c.error)
    assert (status, json.loads(error)["type"]) == (Status.FAILED, "DamagedTaskError")
    assert "the stored request of the task changed after its submit" in error


def test_a_request_that_is_no_text_any_more_is_not_run(sqlite_url: str) -> None:
    with open_app(sqlite_url) as app, app.app_context():
        place = ask(app)

        def damage(connection: Connection) -> None:
            no_text = "UPDATE task_requests SET request = CAST(x'7be97d' AS TEXT)"
            connection.exec_driver_sql(no_text).close()

        engine_of(app).database.write(damage)
        work(app)
        assert app.test_client().get(place).status_code == 500
        [(error,)] = fetch(app, tasks.c.error)
        assert json.loads(error)["type"] == "DamagedTaskError"


def test_a_request_without_a_checksum_runs_as_it_stands(app: Flask) -> None:
    place = ask(app)
    change(app, "checksum", None)
    change(app, "body", b'{"n": 3}')
    work(app)
    assert app.test_client().get(place).get_json()["json"] == {"n": 3}


@pytest.mark.parametrize(
    ("column", "damage"),
    [
        ("name", b"shop.not\xe5"),
        ("status", b"faile$"),
        ("error", b'{"type": \x02ValueError"}'),
        ("created_at", b"2026-31-22T07:00:00.000Z"),
    ],
)
def test_a_damaged_row_is_listed_beside_the_others(
    tmp_path: Path, column: str, damage: bytes
) -> None:
    with closing(Place(tmp_path)) as place:
        place.put("failed", column)
        place.write(column, damage)
        app = Flask(__name__)
        app.config["TASKROW_DATABASE_URL"] = f"sqlite:///{tmp_path / 'tasks.db'}"
        TaskQueue(app).access(lambda *_: True)
        listed = app.test_client().get("/tasks").get_json()["items"]
        assert [item["id"] for item in listed] == [place.well, place.damaged]
        told = app.test_client().get(f"/tasks/{place.damaged}")
        assert (told.status_code, told.get_json()["id"]) == (200, place.damaged)
        engine_of(app).close()
