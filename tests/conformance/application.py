"""The application of these tests: views with every kind of answer, and all of ``/tasks`` open."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from flask import Blueprint, Flask, Response, abort, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from taskrow import TaskContext, TaskQueue

queue = TaskQueue()
views = Blueprint("views", __name__)
polite = Blueprint("polite", __name__, url_prefix="/polite")
BYTES = bytes(range(256)) * 300


def create_app() -> Flask:
    app = Flask(__name__)
    app.config.from_prefixed_env()
    queue.init_app(app)
    app.register_blueprint(views)
    app.register_blueprint(polite)
    return app


@queue.access
def _everything(*_: Any) -> Literal["all"]:
    return "all"


class Mine(HTTPException):
    """Has a response of its own."""

    def get_response(self, *_: Any) -> Any:
        return Response("mine", 451, {"X-Own": "yes"})


def _raise(error: Exception) -> ResponseReturnValue:
    raise error


KINDS: dict[str, Callable[[], ResponseReturnValue]] = {
    "created": lambda: ({"id": 7}, 201, {"Location": "/things/7", "X-Made": "yes"}),
    "empty": lambda: ("", 204, {"X-Empty": "yes"}),
    "redirect": lambda: redirect("/elsewhere?a=1&b=2"),
    "taken": lambda: ("taken", 409, {"X-By": "somebody"}),
    "teapot": lambda: Response(b"short and stout", 418, mimetype="text/plain"),
    "binary": lambda: Response(BYTES, 200, {"X-One": "1"}, mimetype="application/x-thing"),
    "twice": lambda: ("two", 200, [("X-Twice", "one"), ("X-Twice", "two")]),
    "conflict": lambda: abort(409, "somebody was here first"),
    "mine": lambda: _raise(Mine()),
}


@views.route("/now/<kind>", methods=["GET", "POST"])
def now(kind: str) -> ResponseReturnValue:
    return KINDS[kind]()


@views.route("/later/<kind>", methods=["GET", "POST"])
@queue.async_api
def later(kind: str) -> ResponseReturnValue:
    return KINDS[kind]()


@views.post("/boom/<word>")
@queue.async_api
def boom(word: str) -> ResponseReturnValue:
    raise RuntimeError(f"the planted {word}")


@views.route("/echo", methods=["GET", "POST"])
@views.route("/echo/<path:rest>", methods=["GET", "POST"])
@queue.async_api
def echo(rest: str = "") -> ResponseReturnValue:
    return {"rest": rest, "args": request.args, "body": request.get_data().hex()}


@views.post("/rest/<float:seconds>")
@queue.async_api
def rest(seconds: float) -> ResponseReturnValue:
    threading.Event().wait(seconds)
    return "rested"


@views.post("/usual")
@queue.async_api(queue="nobody")
def usual() -> ResponseReturnValue:
    return "as always"


@views.post("/unheard")
@queue.async_api(queue="nobody")
def unheard() -> ResponseReturnValue:
    return "never before"


@views.post("/stand")
@queue.async_api
def stand() -> ResponseReturnValue:
    """Runs until the file that the body names is there."""
    gate = Path(request.get_data(as_text=True))
    gate.with_suffix(".running").touch()
    while not gate.exists():
        threading.Event().wait(0.01)
    return "through", 200, {"X-Gate": gate.name}


@polite.errorhandler(409)
def _sorry(error: Exception) -> ResponseReturnValue:
    return {"sorry": True}, 409, {"X-Handled": "yes"}


@polite.post("/conflict")
@queue.async_api
def polite_conflict() -> ResponseReturnValue:
    abort(409)


@queue.task(bind=True, http=True)
def obedient(self: TaskContext) -> None:
    """Runs for ever, and hears when it should stop."""
    while True:
        self.update_state(meta={"status": "running"})
        threading.Event().wait(0.01)


@queue.task(http=True, queue="nobody")
def mark(path: str) -> None:
    """Would leave a mark; no worker serves its queue."""
    Path(path).touch()


@queue.task(http=True)
def add(a: int, b: int) -> int:
    return a + b
