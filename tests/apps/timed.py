"""An application with schedules; ``FLASK_WITHOUT`` names one that is not in its code."""

from __future__ import annotations

import os
from datetime import timedelta

from flask import Flask

from taskrow import TaskQueue

queue = TaskQueue()
WITHOUT = os.environ.get("FLASK_WITHOUT")

if WITHOUT != "tick":

    @queue.task(name="tick", every=timedelta(seconds=1))
    def tick(n: int = 1) -> int:
        return n


if WITHOUT != "daily":

    @queue.task(name="daily", schedule="0 9 * * *", timezone="Europe/Paris", missed="skip")
    def daily() -> str:
        return "done"


@queue.task(name="add")
def add(a: int, b: int = 0) -> int:
    return a + b


def make() -> Flask:
    app = Flask("timed")
    app.config.from_prefixed_env()
    queue.init_app(app)
    return app


app = make()
