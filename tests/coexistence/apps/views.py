"""Views of every shape, in blueprints within blueprints."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Flask,
    Response,
    flash,
    g,
    get_flashed_messages,
    redirect,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from taskrow import async_api
from tests.coexistence.apps.base import new_app, place, queue, tell

outer = Blueprint("outer", __name__, url_prefix="/outer")
inner = Blueprint("inner", __name__, url_prefix="/inner")


class Report(MethodView):
    init_every_request = False

    @async_api
    def get(self, year: int) -> Response:
        return tell(year=year, args=request.view_args)

    @async_api(priority=9, queue="default", retention=60)
    async def put(self, year: int) -> Response:
        await asyncio.sleep(0)
        return tell(written=year)

    def delete(self, year: int) -> Response:
        return tell(deleted=year)


@inner.before_request
def before() -> None:
    g.seen_by = f"the hook of inner, in the {place()}"


@inner.after_request
def after(response: Response) -> Response:
    response.headers.add("X-Inner", place())
    return response


@inner.get("/where/<name>")
@async_api
def where(name: str) -> Response:
    beside = url_for(".where", name="x")
    return tell(name=name, blueprints=request.blueprints, g=g.seen_by, next=beside)


@inner.errorhandler(LookupError)
def lookup(error: LookupError) -> ResponseReturnValue:
    return {"lost": str(error), "place": place()}, 404


@inner.get("/lost")
@async_api
def lost() -> Response:
    raise LookupError("it was here a minute ago")


outer.register_blueprint(inner)


def note(what: str) -> None:
    """Into a file, because nobody sees the end of a request from outside."""
    if "log" in request.args:
        with Path(request.args["log"]).open("a") as log:
            log.write(f"{what} in the {place()}\n")


def note_after(response: Response) -> Response:
    note(f"after_request of a {response.status_code}")
    return response


@async_api
async def asynchronous() -> Response:
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    return tell()


def remember() -> str:
    session.update(request.args.to_dict() | {"numbers": [1, (2, 3)], "bytes": b"\0"})
    flash("from the page before", "note")
    return "remembered"


@async_api
def recall() -> Response:
    """Reads the session, and writes into it."""
    numbers = session.get("numbers") or [None, None]
    is_tuple = isinstance(numbers[1], tuple)
    session["visits"] = session.get("visits", 0) + 1
    flashed = get_flashed_messages(with_categories=True)
    return tell(name=session.get("name"), is_tuple=is_tuple, flashed=flashed)


@async_api
def flash_and_go() -> ResponseReturnValue:
    flash(f"made in the {place()}")
    return redirect(url_for("page"))


def page() -> Response:
    return tell(flashed=get_flashed_messages(), visits=session.get("visits"))


@async_api
def upload() -> Response:
    files: dict[str, list[Any]] = {}
    for key, one in request.files.items(multi=True):
        files.setdefault(key, []).append([one.filename, one.mimetype, one.read().decode()])
    return tell(files=files, form=request.form.to_dict(flat=False))


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    app.before_request(lambda: note("before_request"))
    app.after_request(note_after)
    app.teardown_request(lambda _: note("teardown_request"))
    app.register_blueprint(outer)
    app.add_url_rule("/reports/<int:year>", view_func=Report.as_view("report"))
    for view in (asynchronous, remember, recall, flash_and_go, page):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    app.add_url_rule("/upload", view_func=upload, methods=["POST"])
    return app
