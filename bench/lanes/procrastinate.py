"""Procrastinate on PostgreSQL. It stores no results, so it does less for a task."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import psycopg
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector

from bench.lanes.app import worker_command
from bench.lanes.lane import Command, Lane, NotMeasured, Spec, Submit
from bench.lanes.words import postgres_words
from bench.tasks import FUNCTIONS

_PARAMETERS = {each.__name__: list(inspect.signature(each).parameters) for each in FUNCTIONS}


def make_app(url: str, connector: Any = PsycopgConnector) -> Any:
    """An application with the tasks in it."""
    app = App(connector=connector(conninfo=url))
    for function in FUNCTIONS:
        app.task(name=function.__name__)(function)
    return app


class Procrastinate(Lane):
    """One application of Procrastinate."""

    packages = ("procrastinate",)

    def __init__(self, spec: Spec) -> None:
        super().__init__(spec)
        self._url = spec.url.replace("+psycopg", "")
        logging.getLogger("procrastinate").setLevel(logging.WARNING)
        self._app = make_app(self._url, SyncPsycopgConnector)
        self._app.open()
        self._app.schema_manager.apply_schema()

    @cached_property
    def _outside(self) -> Any:
        return psycopg.connect(self._url, autocommit=True)

    def submit(self, function: str) -> Submit:
        task, names = self._app.tasks[function], _PARAMETERS[function]
        return lambda *args: str(task.defer(**dict(zip(names, args, strict=True))))

    def submit_many(self, numbers: Sequence[int], at_once: int = 1000) -> list[str]:
        task, ids = self._app.tasks["same"], []
        for start in range(0, len(numbers), at_once):
            some = numbers[start : start + at_once]
            ids += task.batch_defer(*({"number": each} for each in some))
        return [str(each) for each in ids]

    def read(self, task_id: str) -> object:
        return self._app.job_manager.get_job_status(int(task_id))

    def ended(self) -> int:
        return self._count("SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'")

    def all_ended(self, _: int) -> bool:
        waits = "SELECT 1 FROM procrastinate_jobs WHERE status IN ('todo', 'doing') LIMIT 1"
        return not self._count(f"SELECT count(*) FROM ({waits}) AS waits")

    def _count(self, query: str) -> int:
        return int(self._outside.execute(query).fetchone()[0])

    def results(self) -> dict[str, Any]:
        raise NotMeasured("it stores no results")

    def worker(self) -> Command:
        options = self.worker_options()
        own = ("procrastinate", "--log-level", "warning", "-a", "bench.lanes.app.app", "worker")
        return worker_command("procrastinate", self._url, *own, *options)

    def durability(self) -> str:
        return postgres_words(self._outside)

    def rest(self) -> None:
        """Nothing: a server takes as many as come."""


LANE = Procrastinate
