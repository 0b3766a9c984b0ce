"""flask-smorest: a blueprint whose arguments and responses have schemas."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask.views import MethodView
from flask_smorest import Api, Blueprint, abort
from marshmallow import Schema, fields

from taskrow import async_api
from tests.coexistence.apps.base import new_app, place, queue

blueprint = Blueprint("pets", __name__, url_prefix="/pets", description="All of them")


class PetQuery(Schema):
    name = fields.String(required=True)


class PetSchema(Schema):
    id = fields.Integer(dump_only=True)
    name = fields.String(required=True)
    made_in = fields.String(dump_only=True)


def _pet(name: str) -> dict[str, Any]:
    if name == "cat":
        abort(409, message="there is a cat", errors={"made_in": place()})
    return {"id": 7, "name": name, "made_in": place(), "secret": "not in the schema"}


@blueprint.route("/")
class Pets(MethodView):
    """Its schemas stand above ours: the web process checks the arguments."""

    @blueprint.arguments(PetQuery, location="query")
    @blueprint.response(200, PetSchema(many=True))
    @blueprint.alt_response(202, description="Look at Location")
    @async_api
    def get(self, query: dict[str, str]) -> Any:
        return [_pet(query["name"])]

    @blueprint.arguments(PetSchema)
    @blueprint.response(201, PetSchema)
    @blueprint.alt_response(202, description="Look at Location")
    @async_api(priority=2)
    def post(self, pet: dict[str, str]) -> Any:
        return _pet(pet["name"])


@blueprint.route("/below")
class PetsBelow(MethodView):
    """Its schemas stand below ours: the worker checks the arguments."""

    @async_api
    @blueprint.arguments(PetSchema)
    @blueprint.response(201, PetSchema)
    @blueprint.alt_response(202, description="Look at Location")
    def post(self, pet: dict[str, str]) -> Any:
        return _pet(pet["name"])


@blueprint.route("/plain")
@blueprint.response(200, PetSchema)
@async_api
def plain() -> Any:
    return _pet("dog")


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    app.config.update(
        API_TITLE="Pets",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi-pets.json",
    )
    queue.init_app(app)
    Api(app).register_blueprint(blueprint)
    return app
