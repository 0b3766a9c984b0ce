"""Flask-Login: users, a session cookie, a remember-me cookie, and tasks that have owners."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, Response, request, session
from flask.typing import ResponseReturnValue
from flask_login import (
    LoginManager,
    UserMixin,
    current_user,
    fresh_login_required,
    login_required,
    login_user,
    logout_user,
)

from taskrow import TaskQueue
from tests.coexistence.apps.base import hold, new_app, place, tell

queue = TaskQueue()
queue.task(name="hold")(hold)
login = LoginManager()


class User(UserMixin):
    def __init__(self, name: str) -> None:
        self.id = name


@login.user_loader
def load_user(name: str) -> User | None:
    return User(name) if name in {"ada", "bob"} else None


@login.unauthorized_handler
def unauthorized() -> ResponseReturnValue:
    return f"not logged in, says the {place()}", 401


@queue.owner
def owner(_: Request) -> str | None:
    return current_user.get_id() if current_user.is_authenticated else None


def log_in(name: str) -> str:
    login_user(User(name), remember="remember" in request.args)
    session.permanent = "permanent" in request.args
    return "welcome"


def log_out() -> str:
    logout_user()
    return "bye"


@login_required
@queue.async_api
def above() -> Response:
    return tell(user=current_user.get_id())


@queue.async_api
@login_required
def below() -> Response:
    return tell(user=current_user.get_id())


@fresh_login_required
@queue.async_api
def fresh() -> Response:
    return tell(user=current_user.get_id())


@queue.async_api
def anybody() -> Response:
    return tell(user=current_user.get_id())


@queue.async_api
def cookie() -> Response:
    response = tell(user=current_user.get_id())
    response.set_cookie("flavour", "oat")
    return response


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    login.init_app(app)
    app.add_url_rule("/log-in/<name>", view_func=log_in, methods=["POST"])
    app.add_url_rule("/log-out", view_func=log_out, methods=["POST"])
    for view in (above, below, fresh, anybody, cookie):
        app.add_url_rule(f"/{view.__name__}", view_func=view)
    return app
