"""A factory that pushes a context before it comes to the queue, as making tables does."""

from __future__ import annotations

from flask import Flask

from taskrow import TaskQueue, async_api

queue = TaskQueue()


@async_api
def index() -> str:
    return "late, but there"


def create_app(database_url: str, instance_path: str) -> Flask:
    app = Flask(__name__, instance_path=instance_path)
    app.add_url_rule("/", "index", index)
    with app.app_context():
        pass
    app.config["TASKROW_DATABASE_URL"] = database_url
    queue.init_app(app)
    return app
