"""Two applications that share a queue object, and a third with its own; same endpoints in all."""

from __future__ import annotations

from flask import Flask, current_app
from flask.typing import ResponseReturnValue

from taskrow import TaskQueue, async_api

shared, own = TaskQueue(), TaskQueue()


@shared.task(name="where")
def where() -> str:
    return current_app.name


@own.task(name="where")
def where_own() -> str:
    return f"{current_app.name}, with its own queue"


@async_api
def index() -> ResponseReturnValue:
    return current_app.name


def make(name: str, queue: TaskQueue) -> Flask:
    app = Flask(name)
    app.config.from_prefixed_env(f"FLASK_{name.upper()}")
    app.add_url_rule("/", "index", index)
    queue.init_app(app)
    return app


def make_all() -> list[Flask]:
    return [make("first", shared), make("second", shared), make("third", own)]


def make_second() -> Flask:
    """For a worker: the process has all three, and works for this one."""
    return make_all()[1]
