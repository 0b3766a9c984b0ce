"""Flask-CORS: for the application, and for single views."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response
from flask_cors import CORS, cross_origin

from taskrow import async_api
from tests.coexistence.apps.base import new_app, queue, tell

EXPOSED = ["Location", "Retry-After", "AsyncResult", "X-Pages"]


@async_api
def report() -> tuple[Response, int, dict[str, str]]:
    return tell(), 201, {"X-Pages": "12"}


@cross_origin(origins="https://a.example", expose_headers=EXPOSED)
@async_api
def decorated() -> tuple[Response, int, dict[str, str]]:
    return tell(), 201, {"X-Pages": "12"}


def _create(config: dict[str, Any]) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    app.add_url_rule("/report", view_func=report, methods=["POST"])
    app.add_url_rule("/decorated", view_func=decorated, methods=["POST"])
    return app


def create_app(**config: Any) -> Flask:
    """CORS for the whole application, its monitors too."""
    app = _create(config)
    CORS(
        app,
        origins=["https://a.example", "https://b.example"],
        supports_credentials=True,
        expose_headers=EXPOSED,
    )
    return app


def create_plain_app(**config: Any) -> Flask:
    """CORS only where a view asks for it."""
    return _create(config)
