"""The URLs of tasks are those that Flask builds, wherever the application is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, url_for

from taskrow import TaskQueue
from taskrow.web.urls import task_url

IDS = ["01a1fce7-9d80-7cf3-a0d7-b0163c4e3ef5", "01a1fce7-9d81-7cf3-a0d7-b0163c4e3ef6"]
BASES = ["http://localhost/", "http://localhost/pre", "https://x.example:8443/a/b", "http://h/ü"]


def make_app(path: Path, **kwargs: Any) -> Flask:
    app = Flask("urls", **kwargs)
    app.config["TASKROW_DATABASE_URL"] = f"sqlite:///{path / 'tasks.db'}"
    TaskQueue(app)
    return app


def assert_same(app: Flask, base: str) -> None:
    for task_id in IDS:
        for endpoint in ("status", "task", "result"):
            with app.test_request_context(base_url=base):
                built = url_for(f"taskrow.{endpoint}", task_id=task_id)
                assert task_url(endpoint, task_id) == built


@pytest.mark.parametrize("base", BASES)
def test_they_begin_where_the_application_is_mounted(tmp_path: Path, base: str) -> None:
    assert_same(make_app(tmp_path), base)


def test_one_application_can_be_in_more_places_than_are_kept(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    for place in range(70):
        assert_same(app, f"http://localhost/{place}")
    assert len(app.extensions["taskrow.urls"]) < 70


def test_functions_of_the_application_have_their_say(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    languages = iter("abcdefghijklmnopqrstuvwxyz")

    @app.url_defaults
    def add_language(_: str, values: dict[str, Any]) -> None:
        values["lang"] = next(languages)

    with app.test_request_context():
        assert task_url("status", IDS[0]) == f"/status/{IDS[0]}?lang=a"
        assert task_url("status", IDS[0]) == f"/status/{IDS[0]}?lang=b"


def test_hosts_have_their_say(tmp_path: Path) -> None:
    app = make_app(tmp_path, host_matching=True, static_host="localhost")
    for base in ("http://one.example/", "http://two.example/"):
        assert_same(app, base)


def test_without_a_request_they_are_whole(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    app.config["SERVER_NAME"] = "shop.example"
    with app.app_context():
        assert task_url("task", IDS[0]) == f"http://shop.example/tasks/{IDS[0]}"
