"""The tasks of the kill tests, which end themselves by self.commit()."""

from __future__ import annotations

import random
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from taskrow import TaskContext, TaskQueue
from tests.apps.basic import rest
from tests.apps.commits import note
from tests.apps.marks import begin

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


@queue.task(bind=True, name="kills.work", crash_limit=1000)
def work(self: TaskContext) -> Any:
    def write(session: Session) -> None:
        note(self, session)
        rest(random.uniform(0.0, 0.004))

    begin(self)
    rest(random.uniform(0.002, 0.03))
    self.commit(write, result={"attempt": self.request.attempt})
    rest(random.uniform(0.0, 0.01))
