"""Flask-RESTful: resources whose methods are tasks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Flask, request
from flask_restful import Api, Resource, abort, fields, marshal_with, reqparse

from taskrow import async_api
from tests.coexistence.apps.base import new_app, place, queue

THING = {"id": fields.Integer, "url": fields.Url("thing", absolute=True), "made_in": fields.String}


def needs_key(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def check(*args: Any, **kwargs: Any) -> Any:
        if request.headers.get("X-Api-Key") != "open sesame":
            abort(401, message=f"no key, says the {place()}")
        return method(*args, **kwargs)

    return check


class Thing(Resource):
    @async_api
    @marshal_with(THING)
    def get(self, id: int) -> Any:  # noqa: A002 - the name in its URL
        if id == 404:
            abort(404, message="no such thing", made_in=place())
        return {"id": id, "made_in": place(), "secret": "not in the fields"}

    @async_api(priority=3)
    def put(self, id: int) -> Any:  # noqa: A002
        parser = reqparse.RequestParser()
        parser.add_argument("size", type=int, required=True, help="a number, please")
        return {"id": id, "size": parser.parse_args()["size"]}, 201, {"X-Made-In": place()}

    @async_api
    def delete(self, id: int) -> Any:  # noqa: A002, ARG002
        return "", 204


class Locked(Resource):
    method_decorators = [needs_key]  # noqa: RUF012 - as its documentation has it

    @async_api
    def get(self) -> Any:
        return {"made_in": place()}


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    api = Api(app)
    api.add_resource(Thing, "/things/<int:id>", endpoint="thing")
    api.add_resource(Locked, "/locked")
    return app
