"""Flask-WTF: forms, and CSRFProtect for the whole application."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from flask_wtf import CSRFProtect, FlaskForm
from flask_wtf.csrf import generate_csrf
from flask_wtf.file import FileField
from wtforms import StringField
from wtforms.validators import InputRequired

from taskrow import TaskQueue
from tests.coexistence.apps.base import hold, new_app, tell

queue = TaskQueue()
queue.task(name="hold")(hold)
csrf = CSRFProtect()


@queue.access
def may_do_anything(*_: Any) -> bool:
    return True


class NoteForm(FlaskForm):
    note = StringField(validators=[InputRequired()])
    paper = FileField()


@queue.async_api
def save() -> Response:
    form = NoteForm()
    return tell(valid=form.validate_on_submit(), errors=form.errors, note=form.note.data)


@queue.async_api
def save_prefixed() -> Response:
    form = NoteForm(prefix="my")
    return tell(valid=form.validate_on_submit(), errors=form.errors, note=form.note.data)


@queue.async_api
def upload() -> Response:
    form = NoteForm()
    paper = form.paper.data.read().decode() if form.validate_on_submit() else None
    return tell(note=form.note.data, paper=paper)


@queue.async_api
def api() -> Response:
    return tell(said=request.get_json())


@csrf.exempt
@queue.async_api
def hook() -> Response:
    return tell()


@csrf.exempt
@queue.async_api
def form_alone() -> Response:
    """Only its form checks the token, and only in the worker."""
    form = NoteForm()
    return tell(valid=form.validate_on_submit(), errors=form.errors)


def create_app(**config: Any) -> Flask:
    app = new_app(__name__, config)
    queue.init_app(app)
    csrf.init_app(app)
    app.add_url_rule("/token", view_func=generate_csrf)
    for view in (save, save_prefixed, upload, api, hook, form_alone):
        app.add_url_rule(f"/{view.__name__}", view_func=view, methods=["POST"])
    return app


def create_exempting_app(**config: Any) -> Flask:
    """Its monitors take changes without a token: for clients that are no browsers."""
    app = create_app(**config)
    csrf.exempt(app.blueprints["taskrow"])
    return app
