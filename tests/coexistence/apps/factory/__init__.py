"""An application as larger ones are written: a factory, extensions and blueprints in modules."""

from __future__ import annotations

from typing import Any

from flask import Flask

from tests.coexistence.apps.factory.extensions import queue


def create_app(**config: Any) -> Flask:
    from tests.coexistence.apps.factory import reports

    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    queue.init_app(app)
    app.register_blueprint(reports.blueprint, url_prefix="/reports")
    return app
