"""The demo's application: a task with a bar, a view that is a task, and the page that shows both.

Written as a user would write it: only what ``taskrow`` exports, but for the page's own feed.
"""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, jsonify, render_template, request, url_for

from taskrow import DatabaseError, TaskContext, TaskQueue
from taskrow.demo.feed import read_feed, shell_name
from taskrow.demo.words import new_saying

queue = TaskQueue()
pages = Blueprint("demo", __name__)

_ANSWERS_AFTER = 2.0  # seconds
_MOST_STEPS, _LONGEST_PAUSE = 1000, 10.0
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def create_app() -> Flask:
    """The application. FLASK_TASKROW_DATABASE_URL says where its rows lie, if not here."""
    app = Flask(__name__)
    app.config.from_prefixed_env()
    app.config.setdefault("TASKROW_DATABASE_URL", f"sqlite:///{Path.cwd() / 'taskrow-demo.db'}")
    queue.init_app(app)
    app.register_blueprint(pages)
    app.after_request(_close_doors)
    return app


# A crash limit that nobody reaches: whoever reads the page is asked to kill the worker.
@queue.task(name="demo.long_task", bind=True, crash_limit=1000)
def long_task(self: TaskContext, steps: int, pause: float) -> dict[str, Any]:
    """Takes its time, and says at each step how far it is."""
    saying = new_saying()
    for step in range(steps):
        if random.random() < 0.25:  # noqa: S311
            saying = new_saying()
        self.update_state("PROGRESS", meta={"current": step, "total": steps, "status": saying})
        time.sleep(pause)
    return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}


@pages.post("/longtask")
def start_long_task() -> tuple[Response, int, dict[str, str]]:
    """Submit one: 202, and where to ask. ``?steps=20&pause=0.5`` says how long it takes."""
    steps = request.values.get("steps", random.randint(20, 40), type=int)  # noqa: S311
    pause = request.values.get("pause", 0.5, type=float)
    if not (1 <= steps <= _MOST_STEPS and 0 <= pause <= _LONGEST_PAUSE):
        abort(400)
    task = long_task.delay(steps, pause)
    return jsonify({}), 202, {"Location": url_for("taskrow.status", task_id=task.id)}


@pages.get("/answer/")
@pages.get("/answer/<path:path>")
@queue.async_api
def answer(path: str = "") -> Response:
    """The seed's catch-all view. The whole request is a task; the worker answers it."""
    print(f"starting processing task, path: {path!r}")
    time.sleep(_ANSWERS_AFTER)
    print(f"completed processing task, path: {path!r}")
    return Response(f"The answer is: {path}", mimetype="text/plain")


@pages.get("/")
def index() -> str:
    """The page."""
    return render_template("demo/page.html", file=shell_name(queue.engine()))


@pages.get("/recent")
def recent() -> Response:
    """What the page asks for again and again: the newest tasks, and who works on them."""
    return jsonify(read_feed(queue.engine()))


@pages.errorhandler(DatabaseError)
def _unavailable(error: DatabaseError) -> tuple[Response, int, dict[str, str]]:
    return jsonify(error=str(error)), 503, {"Retry-After": "1"}


def _close_doors(response: Response) -> Response:
    """Nothing from elsewhere, nothing inline, in no frame: also for what the worker answered."""
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
