"""The blueprint that an application gets: its routes come after everything of its own."""

from __future__ import annotations

from flask import Blueprint, Flask
from werkzeug.routing import BaseConverter


class TaskIdConverter(BaseConverter):
    """Matches after everything else, so that an application's own ``/status/<x>`` comes first."""

    regex = "[^/]+"
    weight = 1000


blueprint = Blueprint("taskrow", __name__)


def register_monitors(app: Flask) -> None:
    """Give an application its monitors."""
    from taskrow.web import rest, status  # noqa: F401 - they add the routes

    app.url_map.converters.setdefault("taskrow_id", TaskIdConverter)
    app.register_blueprint(blueprint)
