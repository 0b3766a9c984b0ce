"""Which queue an application has: its own, a shared one, one that it got by itself, or none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask, appcontext_pushed

from taskrow import NoApplicationError, TaskQueue, async_api
from taskrow.celery import binding
from taskrow.engine.queue import QueueEngine
from taskrow.web import extension
from taskrow.web.blueprint import register_monitors
from tests.apps import late_queue, two
from tests.doors.site import soon
from tests.doors.test_ids import KNOWN_SHAPE
from tests.support.processes import processes


def engine_of(app: Flask) -> QueueEngine:
    engine: QueueEngine = app.extensions["taskrow"]
    return engine


def names(app: Flask) -> list[str]:
    with engine_of(app).database.read() as connection:
        found = connection.exec_driver_sql("SELECT name FROM tasks ORDER BY seq")
        return [row.name for row in found]


def at(place: Path) -> Flask:
    app = Flask("alone", instance_path=str(place / "instance"))
    app.config["TASKROW_DATABASE_URL"] = f"sqlite:///{place / 'tasks.db'}"
    return app


@pytest.fixture(autouse=True)
def no_celery(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Celery objects of other tests look for applications of theirs, too."""
    monkeypatch.setattr(binding, "_made", [])


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Flask]]:
    """Three new applications, each with a database of its own; two share a queue object."""
    for name in ("first", "second", "third"):
        url = f"sqlite:///{tmp_path / name}.db"
        monkeypatch.setenv(f"FLASK_{name.upper()}_TASKROW_DATABASE_URL", url)
    apps = two.make_all()
    yield apps
    for app in apps:
        engine_of(app).close()


def test_each_of_several_applications_submits_to_its_own_database(fresh: list[Flask]) -> None:
    first, second, third = fresh
    with second.app_context():
        task = two.where.delay()
    with third.app_context():
        two.where_own.delay()
    first.test_client().get("/")
    assert [names(app) for app in fresh] == [["view:index"], ["where"], ["where"]]
    assert first.test_client().get(f"/tasks/{task.id}").status_code == 404
    assert second.test_client().get(f"/tasks/{task.id}").status_code == 200


def test_outside_of_a_context_several_applications_are_one_too_many(fresh: list[Flask]) -> None:
    with pytest.raises(NoApplicationError, match="push an app context"):
        two.where.delay()


def test_a_worker_runs_the_view_of_its_own_application(fresh: list[Flask], tmp_path: Path) -> None:
    """Its process has made all three, each with an endpoint ``index``."""
    second, client = fresh[1], fresh[1].test_client()
    url = client.get("/").headers["Location"]
    with second.app_context():
        task = two.where.delay()
    with processes(tmp_path, "") as start:
        start.worker("--runners", "1", app="tests.apps.two:make_second")
        assert soon(lambda: client.get(url) if task.ready() else None).text == "second"
        assert task.get(10) == "second"


def test_one_application_needs_no_context(tmp_path: Path) -> None:
    app, queue = at(tmp_path), TaskQueue()
    queue.init_app(app)
    assert queue.engine() is engine_of(app)


def test_an_application_has_one_queue(tmp_path: Path) -> None:
    app = at(tmp_path)
    TaskQueue(app)
    with pytest.raises(RuntimeError, match="has a TaskQueue already"):
        TaskQueue(app)


def test_a_queue_that_comes_after_the_first_context_is_the_one(tmp_path: Path) -> None:
    app = late_queue.create_app(f"sqlite:///{tmp_path / 'tasks.db'}", str(tmp_path / "instance"))
    assert app.test_client().get("/").status_code == 202
    assert late_queue.queue.engine() is engine_of(app)
    assert names(app) == ["view:index"]
    engine_of(app).close()


def test_an_application_without_a_queue_says_so_at_the_view(tmp_path: Path) -> None:
    app = Flask("forgotten", instance_path=str(tmp_path / "instance"))
    app.testing = True  # let the exception through
    app.get("/")(TaskQueue().async_api(lambda: "never"))
    with appcontext_pushed.muted(), pytest.raises(NoApplicationError, match="call TaskQueue"):
        app.test_client().get("/")


def test_an_application_that_has_answered_already_is_left_alone(tmp_path: Path) -> None:
    app = Flask("elder", instance_path=str(tmp_path / "instance"))
    app.get("/")(lambda: "as ever")
    with appcontext_pushed.muted():
        assert app.test_client().get("/").text == "as ever"
    async_api(lambda: "somebody else's view")
    assert app.test_client().get("/").text == "as ever"
    assert "taskrow" not in app.extensions


def test_two_first_requests_at_once_both_find_the_monitors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the second one would be matched by the application's own catch-all, and submitted."""
    app = at(tmp_path)
    app.add_url_rule("/<path:path>", "catch_all", async_api(lambda path: path))

    def slowly(app: Flask) -> None:
        threading.Event().wait(0.2)
        register_monitors(app)

    monkeypatch.setattr(extension, "register_monitors", slowly)
    with ThreadPoolExecutor(4) as pool:
        looks = [pool.submit(app.test_client().get, f"/status/{KNOWN_SHAPE}") for _ in range(4)]
    assert [look.result().status_code for look in looks] == [404] * 4
    assert names(app) == []
    engine_of(app).close()
