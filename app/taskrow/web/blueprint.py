"""The blueprint that an application gets: its routes come after everything of its own."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask
from werkzeug.routing import BaseConverter, Map

from taskrow.web.hosts import HOST, HostConverter, OnEveryHost, forget_host, stay_on_host


class TaskIdConverter(BaseConverter):
    """Matches after everything else, so that an application's own ``/status/<x>`` comes first."""

    regex = "[^/]+"
    weight = 1000


class TaskWordConverter(BaseConverter):
    """Matches one word, but only where no path of the application's own does."""

    weight = 999  # before ids

    def __init__(self, url_map: Map, word: str) -> None:
        super().__init__(url_map)
        self.regex = re.escape(word)


class Monitors(Blueprint):
    """A blueprint that is there on every host of its application."""

    def make_setup_state(self, *args: Any, **kwargs: Any) -> OnEveryHost:
        return OnEveryHost(self, *args, **kwargs)


blueprint = Monitors("taskrow", __name__)
blueprint.url_value_preprocessor(forget_host)
blueprint.url_defaults(stay_on_host)


def register_monitors(app: Flask) -> None:
    """Give an application its monitors."""
    from taskrow.web import rest, status  # noqa: F401 - they add the routes

    app.url_map.converters.setdefault("taskrow_id", TaskIdConverter)
    app.url_map.converters.setdefault("taskrow_word", TaskWordConverter)
    app.url_map.converters.setdefault(HOST, HostConverter)
    app.register_blueprint(blueprint)
