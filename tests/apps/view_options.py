"""Views with options of their own."""

from __future__ import annotations

import threading
from pathlib import Path

from flask import Flask, request
from flask.views import MethodView

from taskrow import TaskQueue

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


def stand() -> None:
    with Path(request.args["mark"]).open("a") as file:
        file.write("here\n")
    threading.Event().wait()


@app.get("/overstays")
@queue.async_api(timeout=0.5)
def overstays() -> str:
    stand()
    return "never"


@app.get("/charge")
@queue.async_api(at_most_once=True)
def charge() -> str:
    stand()
    return "never"


class Report(MethodView):
    """Each method as it needs."""

    @queue.async_api(queue="reports", priority=7, retention=50)
    def get(self) -> str:
        return "read"

    @queue.async_api(retention=9000)
    def put(self) -> str:
        return "written"


app.add_url_rule("/report", view_func=Report.as_view("report"))
