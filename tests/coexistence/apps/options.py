"""Views that refuse before there is a row, and views that are not run twice for the same client."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, abort, request
from flask.typing import ResponseReturnValue
from flask.views import MethodView

from taskrow import TaskQueue
from tests.coexistence.apps.base import hold, new_app, place, tell

queue = TaskQueue()
queue.task(name="hold")(hold)


@queue.owner
def owner(request: Request) -> str | None:
    return request.headers.get("X-User")


def check(amount: int) -> ResponseReturnValue | None:
    """Refuses by returning something, and by abort."""
    if amount > 100:
        return {"error": "too much", "place": place()}, 422
    if not request.is_json:
        abort(415)
    return None


async def check_slowly(amount: int) -> ResponseReturnValue | None:
    return check(amount)


@queue.async_api(validate=check)
def pay(amount: int) -> Response:
    return tell(amount=amount)


@queue.async_api(validate=check_slowly)
async def pay_slowly(amount: int) -> Response:
    return tell(amount=amount)


def check_account(_: MethodView, amount: int) -> ResponseReturnValue | None:
    return check(amount)


class Account(MethodView):
    @queue.async_api(validate=check_account)
    def post(self, amount: int) -> Response:
        return tell(amount=amount)


@queue.async_api(coalesce=True)
def report() -> Response:
    return tell(said=request.get_data(as_text=True))


@queue.async_api(queue="reports", priority=5, retention=60)
def elsewhere() -> Response:
    return tell()


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    for view in (pay, pay_slowly):
        app.add_url_rule(f"/{view.__name__}/<int:amount>", view_func=view, methods=["POST"])
    app.add_url_rule("/account/<int:amount>", view_func=Account.as_view("account"))
    app.add_url_rule("/report", view_func=report, methods=["GET", "POST"])
    app.add_url_rule("/elsewhere", view_func=elsewhere)
    return app
