"""``Executor(app)``: Flask-Executor's extension over the queue; code moves by its import."""

from __future__ import annotations

from flask import Flask

from taskrow.engine.executor import QueueExecutor
from taskrow.web.extension import TaskQueue


class Executor(QueueExecutor):
    """An executor with a queue of its own. ``queue`` is that queue, with the other two doors.

    ``Executor(app)``, or ``Executor()`` and later ``init_app(app)``. An application that has a
    TaskQueue uses that one: ``queue.executor``.
    """

    def __init__(self, app: Flask | None = None) -> None:
        self.queue = TaskQueue()
        super().__init__(self.queue.engine, self.queue.task)
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Make ``app`` an application of this executor. RuntimeError when it has a queue."""
        self.queue.init_app(app)
