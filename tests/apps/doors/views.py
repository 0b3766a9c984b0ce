"""Views of every kind. ``/now/<kind>`` answers in the web, ``/later/<kind>`` in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    g,
    jsonify,
    redirect,
    request,
    send_file,
    stream_with_context,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.views import MethodView
from werkzeug.exceptions import HTTPException

from taskrow import Cancel, Retry, async_api, in_worker
from tests.apps.doors import hooks
from tests.apps.doors.hooks import Sorry, decorator
from tests.apps.doors.tasks import queue
from tests.support.rows import runs

blueprint = Blueprint("views", __name__)
ALL = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class OutOfStock(HTTPException):
    code = 409
    description = "out of stock"


def _own_response() -> ResponseReturnValue:
    raise HTTPException(response=Response("mine", 451, {"X-Own": "yes"}))


def _sorry() -> ResponseReturnValue:
    raise Sorry("not today")


def _out_of_stock() -> ResponseReturnValue:
    raise OutOfStock


def _pieces() -> Iterator[str]:
    yield from ("one ", "two ", "three")


def _pieces_of_the_request() -> Iterator[str]:
    yield request.path.rpartition("/")[2] + "."
    yield request.method


KINDS: dict[str, Callable[[], ResponseReturnValue]] = {
    "text": lambda: "plain text, süß",
    "created": lambda: ({"id": 7}, 201, {"Location": "/things/7", "X-Made": "yes"}),
    "empty": lambda: ("", 204),
    "redirect": lambda: redirect("/elsewhere?a=1&b=2"),
    "missing": lambda: abort(404),
    "conflict": lambda: abort(409, "somebody was here first"),
    "teapot": lambda: abort(418),
    "unavailable": lambda: ("later", 503, {"Retry-After": "120"}),
    "binary": lambda: Response(bytes(range(256)) * 40, mimetype="application/octet-stream"),
    "dict": lambda: {"b": [1, 2, None], "a": "ü"},
    "list": lambda: [1, {"two": 2}],
    "pair": lambda: ("pair", {"X-Twice": ["one", "two"]}),
    "cached": lambda: ("kept", {"Cache-Control": "max-age=60", "ETag": '"v1"'}),
    "generator": lambda: Response(_pieces(), mimetype="text/csv"),
    "stream": lambda: stream_with_context(_pieces_of_the_request()),
    "file": lambda: send_file(BytesIO(b"\x89PNG\r\n\0"), download_name="dot.png", etag=False),
    "attachment": lambda: send_file(hooks.__file__, as_attachment=True),
    "own response": _own_response,
    "out of stock": _out_of_stock,
    "sorry": _sorry,
}


@blueprint.get("/now/<kind>")
def now(kind: str) -> ResponseReturnValue:
    return KINDS[kind]()


@blueprint.get("/later/<kind>")
@queue.async_api
def later(kind: str) -> ResponseReturnValue:
    return KINDS[kind]()


@blueprint.route("/echo/", methods=ALL)
@blueprint.route("/echo/<path:rest>", methods=ALL)
@queue.async_api
def echo(rest: str = "") -> Response:
    """What the view sees of the request, wherever it runs."""
    return jsonify(
        in_worker=in_worker(),
        method=request.method,
        rest=rest,
        path=request.path,
        url=request.url,
        args=request.args.to_dict(flat=False),
        form=request.form.to_dict(flat=False),
        files={name: [f.filename, f.read().decode()] for name, f in request.files.items()},
        json=request.get_json(silent=True),
        body=request.get_data().hex(),
        headers=[list(pair) for pair in request.headers],
        remote_addr=request.remote_addr,
        external=url_for("views.echo", rest="there", _external=True),
        endpoint=request.endpoint,
    )


@blueprint.get("/steps")
@decorator("the decorator above")
@queue.async_api
@decorator("the decorator below")
def steps() -> Response:
    return jsonify(g.steps)


@blueprint.get("/cookie")
@queue.async_api
def cookie() -> Response:
    response = Response("eaten")
    response.set_cookie("flavour", "oat")
    return response


@blueprint.get("/bytes/<int:size>")
@queue.async_api
def many_bytes(size: int) -> bytes:
    return b"x" * size


@blueprint.get("/boom/<how>")
@queue.async_api
def boom(how: str) -> ResponseReturnValue:
    if how == "in the stream":
        return Response(str(1 // zero) for zero in (1, 0))
    raise RuntimeError("the planted secret")


def ask(how: str) -> str:
    """Ask to be run again, once; or else for what ``how`` says. Each run is a line in a file."""
    with Path(request.args["mark"]).open("a") as mark:
        mark.write("runs\n")
    if how == "cancel":
        raise Cancel("nobody wants it")
    if how == "too often":
        raise Retry(after=0, max_retries=1) from ConnectionError("gone")
    if how == "without a limit":
        raise Retry(after=0)
    if runs(Path(request.args["mark"])) == 1:
        raise Retry(after=0, max_retries=1)
    return f"{request.authorization} at last"


@blueprint.get("/ask/<how>")
@queue.async_api
def asks(how: str) -> str:
    return ask(how)


answers_all = Blueprint("answers_all", __name__)


@answers_all.get("/ask/<how>")
@queue.async_api
async def asks_in_vain(how: str) -> str:
    return ask(how)


@answers_all.errorhandler(Exception)
def _answer(error: Exception) -> ResponseReturnValue:
    return "our own answer", 500


@blueprint.get("/async/<int:number>")
@queue.async_api
async def asynchronous(number: int) -> dict[str, Any]:
    await asyncio.sleep(0)
    return {"number": number, "in_worker": in_worker()}


@blueprint.get("/imported/<name>")
@async_api
def imported(name: str) -> str:
    return f"hello {name}, in the {'worker' if in_worker() else 'web'}"


class Methods(MethodView):
    """Half of it is a task."""

    @queue.async_api
    def get(self, number: int) -> dict[str, Any]:
        return {"number": number, "in_worker": in_worker()}

    def put(self, number: int) -> dict[str, Any]:
        return {"number": number, "in_worker": in_worker()}


blueprint.add_url_rule("/methods/<int:number>", view_func=Methods.as_view("methods"))
