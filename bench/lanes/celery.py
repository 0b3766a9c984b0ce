"""Celery with Redis as broker and result backend."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from bench.lanes.app import worker_command
from bench.lanes.lane import Command, Submit
from bench.lanes.redis_server import RedisLane, results_of
from bench.tasks import FUNCTIONS
from celery import Celery


def make_app(url: str) -> Any:
    """A Celery application with the tasks in it."""
    app = Celery("bench", broker=url, backend=results_of(url))
    for function in FUNCTIONS:
        app.task(name=function.__name__)(function)
    return app


class CeleryLane(RedisLane):
    """One application of Celery."""

    packages = ("celery",)

    @cached_property
    def _app(self) -> Any:
        return make_app(self.spec.url)

    def submit(self, function: str) -> Submit:
        task = self._app.tasks[function]
        return lambda *args: str(task.delay(*args).id)

    def read(self, task_id: str) -> object:
        return self._app.AsyncResult(task_id).state

    def worker(self) -> Command:
        options = self.worker_options()
        worker = ("celery", "-A", "bench.lanes.app:app", "worker", "-l", "error", *options)
        return worker_command("celery", self.spec.url, *worker)


LANE = CeleryLane
