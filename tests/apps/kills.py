"""Tasks for the kill tests: each takes a moment and tells which attempt it was."""

from __future__ import annotations

import random
from typing import Any

from flask import Flask

from taskrow import TaskContext, TaskQueue
from tests.apps.basic import rest
from tests.apps.marks import begin

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


@queue.task(bind=True, name="kills.work", crash_limit=1000)
def work(self: TaskContext) -> dict[str, Any]:
    begin(self)
    rest(random.uniform(0.002, 0.06))
    return {"attempt": self.request.attempt}
