"""What an application does around its views: hooks, error handlers, decorators."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NoReturn

from flask import Blueprint, Flask, Response, g, jsonify, request
from werkzeug.exceptions import NotFound

from taskrow import in_worker
from tests.apps.doors.tasks import queue

own_page = Blueprint("own_page", __name__)


class Sorry(Exception):
    """What this application answers with 422."""


def register(app: Flask) -> None:
    app.before_request(_before)
    app.after_request(_after)
    app.register_error_handler(Sorry, _sorry)
    app.register_error_handler(404, _missing)


def place() -> str:
    return "worker" if in_worker() else "web"


def note(what: str) -> None:
    g.setdefault("steps", []).append(f"{what} in the {place()}")


def decorator(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Notes that it ran around the view."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def around(*args: Any, **kwargs: Any) -> Any:
            note(name)
            return view(*args, **kwargs)

        return around

    return decorate


def _before() -> Response | None:
    note("before_request")
    if "read-form" in request.args:  # as protection against CSRF does
        request.form.get("token")
    if request.args.get("stop") == place():
        return Response(f"stopped in the {place()}", 403)
    return None


def _after(response: Response) -> Response:
    response.headers.add("X-After", place())
    return response


def _sorry(error: Exception) -> tuple[Response, int]:
    return jsonify(sorry=str(error)), 422


def _missing(error: NotFound) -> tuple[Response, int]:
    return jsonify(missing=request.path), 404


@own_page.get("/boom")
@queue.async_api
def boom() -> NoReturn:
    raise RuntimeError("the planted secret")


@own_page.errorhandler(500)
def _own_500(error: Exception) -> tuple[str, int, dict[str, str]]:
    return "our own page", 500, {"X-Own": "yes"}
