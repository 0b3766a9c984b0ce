"""An application that opens nothing: it says whose a request is, has forms, and no access rule."""

from __future__ import annotations

from flask import Flask, Request, request
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf

from taskrow import TaskQueue

app = Flask(__name__)
app.config.from_prefixed_env()
app.secret_key = "of the faults"
queue = TaskQueue(app)
csrf = CSRFProtect(app)
csrf.exempt(app.blueprints["taskrow"])  # taskrow itself refuses, not a missing token
app.add_url_rule("/token", view_func=generate_csrf)


@queue.owner
def owner(request: Request) -> str | None:
    return request.headers.get("X-Owner")


@app.post("/view")
@queue.async_api
def view() -> ResponseReturnValue:
    """Logs what it was sent."""
    app.logger.warning("%s", request.get_data(as_text=True))
    return {"said": "so"}, 201


csrf.exempt(view)


@app.post("/form")
@queue.async_api
def form() -> ResponseReturnValue:
    return {"saved": True}, 201
