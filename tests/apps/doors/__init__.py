"""One application behind all three doors, made by a factory as larger applications are."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_restful import Api

from tests.apps.doors import hooks, restful, views
from tests.apps.doors.tasks import queue


def create_app(**config: Any) -> Flask:
    """The settings come from the environment (FLASK_TASKROW_...) or from the caller."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    queue.init_app(app)
    hooks.register(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(views.answers_all, url_prefix="/all")
    app.register_blueprint(hooks.own_page, url_prefix="/own")
    restful.register(Api(app, prefix="/rest"))
    return app
