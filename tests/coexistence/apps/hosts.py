"""The same paths on several hosts: by subdomain, and by host matching."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Flask, Response, request, url_for

from taskrow import async_api
from tests.coexistence.apps.base import new_app, queue, tell

api = Blueprint("api", __name__)


@api.get("/report")
@async_api
def report() -> Response:
    return tell(view="api", host=request.host, url=url_for(".report", _external=True))


@async_api
def home() -> Response:
    return tell(view="home", host=request.host, url=url_for("home", _external=True))


@async_api
def tenant(name: str) -> Response:
    return tell(view=name, host=request.host, url=url_for("home", _external=True))


def create_app(**config: Any) -> Flask:
    """example.org, api.example.org, and a subdomain for each tenant."""
    app = new_app(__name__, config, subdomain_matching=True)
    app.config["SERVER_NAME"] = "example.org"
    queue.init_app(app)
    app.register_blueprint(api, subdomain="api")
    app.add_url_rule("/report", view_func=home, endpoint="home")
    app.add_url_rule("/tenant", view_func=tenant, subdomain="<name>")
    return app


def create_matching_app(**config: Any) -> Flask:
    """Two hosts that have nothing in common."""
    app = new_app(__name__, config, host_matching=True, static_host="one.example")
    queue.init_app(app)
    app.add_url_rule("/report", view_func=home, endpoint="home", host="one.example")
    app.add_url_rule("/report", view_func=tenant, host="<name>.two.example:8443")
    return app
