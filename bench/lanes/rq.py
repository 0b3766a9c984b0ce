"""RQ: by default a worker forks for each task; a pool of SimpleWorkers does without."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from redis import Redis
from rq import Queue
from rq.job import Job

from bench.lanes.lane import Command, Submit
from bench.lanes.redis_server import RedisLane
from bench.tasks import FUNCTIONS, same

_FUNCTIONS = {function.__name__: function for function in FUNCTIONS}


class Rq(RedisLane):
    """One queue of RQ; it keeps tasks and results in one database."""

    packages = ("rq",)

    @cached_property
    def _queue(self) -> Any:
        return Queue(connection=Redis.from_url(self.spec.url))

    def submit(self, function: str) -> Submit:
        queue, called = self._queue, _FUNCTIONS[function]
        return lambda *args: str(queue.enqueue(called, *args).id)

    def submit_many(self, numbers: Sequence[int], at_once: int = 1000) -> list[str]:
        ids: list[str] = []
        for start in range(0, len(numbers), at_once):
            some = numbers[start : start + at_once]
            jobs = self._queue.enqueue_many([Queue.prepare_data(same, (each,)) for each in some])
            ids += [job.id for job in jobs]
        return ids

    def read(self, task_id: str) -> object:
        return Job.fetch(task_id, connection=self._queue.connection).get_status(refresh=False)

    def ended(self) -> int:
        return int(self._queue.connection.zcard("rq:finished:default"))

    def worker(self) -> Command:
        options = self.worker_options("worker")
        return Command(["rq.cli", *options, "--url", self.spec.url, "-q"])


LANE = Rq
