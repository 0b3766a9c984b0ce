"""Flask-RESTful resources, whose methods are tasks."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_restful import Api, Resource, abort

from taskrow import async_api, in_worker
from tests.apps.doors.views import ask


class Things(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    @async_api
    def get(self, what: str) -> Any:
        if what == "conflict":
            abort(409, message="taken")
        if what == "boom":
            raise RuntimeError("the planted secret")
        if what == "ask":
            return ask("again")
        return {"what": what, "in_worker": in_worker()}

    @async_api
    def post(self, what: str) -> Any:
        return {"made": what, "of": request.get_json()}, 201, {"X-Made": what}

    @async_api
    def delete(self, what: str) -> Any:  # noqa: ARG002
        return None, 204


def register(api: Api) -> None:
    api.add_resource(Things, "/things/<what>")
