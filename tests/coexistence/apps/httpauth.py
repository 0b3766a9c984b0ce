"""Flask-HTTPAuth: passwords, tokens, either of them, and roles."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth

from taskrow import async_api
from tests.coexistence.apps.base import new_app, place, queue, tell

basic, token = HTTPBasicAuth(), HTTPTokenAuth("Bearer")
either = MultiAuth(basic, token)


@basic.verify_password
def verify_password(name: str, password: str) -> str | None:
    return name if (name, password) == ("ada", "lovelace") else None


@token.verify_token
def verify_token(given: str) -> str | None:
    return {"token-of-bob": "bob"}.get(given)


@basic.get_user_roles
def roles(_: str) -> list[str]:
    return ["reader"]


@basic.error_handler
def refused(status: int) -> tuple[dict[str, Any], int]:
    return {"error": "no", "place": place()}, status


@basic.login_required
@async_api
def by_password() -> Response:
    return tell(user=basic.current_user())


@token.login_required
@async_api
def by_token() -> Response:
    return tell(user=token.current_user())


@async_api
@either.login_required
def by_either_below() -> Response:
    return tell(user=either.current_user())


@basic.login_required(role="writer")
@async_api
def writers() -> Response:
    return tell()


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    for view in (by_password, by_token, by_either_below, writers):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    return app
