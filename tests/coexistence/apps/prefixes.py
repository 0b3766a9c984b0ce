"""Behind a proxy, and mounted below a prefix."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

from taskrow import async_api
from tests.coexistence.apps.base import new_app, queue, tell


def now(name: str) -> Response:
    return tell(
        url=request.url,
        root=request.url_root,
        host=request.host,
        client=request.remote_addr,
        secure=request.is_secure,
        script=request.environ["SCRIPT_NAME"],
        local=url_for("now", name=name),
        external=url_for("now", name=name, _external=True),
    )


def create_app(**config: Any) -> Flask:
    """For a proxy that tells everything about the client."""
    app = new_app(__name__, config)
    queue.init_app(app)
    app.add_url_rule("/now/<name>", "now", now)
    app.add_url_rule("/later/<name>", "later", async_api(now))
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1, x_port=1, x_prefix=1)  # type: ignore[method-assign]
    return app


def create_mounted_app(**config: Any) -> Flask:
    """Below /mounted of a larger site."""
    app = create_app(**config)
    app.wsgi_app = DispatcherMiddleware(NotFound(), {"/mounted": app.wsgi_app})  # type: ignore[method-assign]
    return app
