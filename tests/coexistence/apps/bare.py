"""The smallest: no TaskQueue anywhere."""

from __future__ import annotations

from typing import Any

from flask import Flask

from taskrow import async_api, in_worker


def create_app(**config: Any) -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config)

    @app.get("/hello/<name>")
    @async_api
    def hello(name: str) -> str:
        return f"hello {name}, in the {'worker' if in_worker() else 'web'}"

    return app
