"""RQ on Redis."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import cached_property
from typing import Any

from redis import Redis
from rq import Queue, Retry
from rq.exceptions import DuplicateJobError, NoSuchJobError
from rq.job import Job

from tests.faults.peers.clients.client import (
    FAILED,
    RUNS,
    SUCCEEDED,
    UNKNOWN,
    WAITS,
    Client,
    Status,
)
from tests.faults.peers.tasks import LIMIT, LIMITED

_STATES = {
    "queued": WAITS, "scheduled": WAITS, "deferred": WAITS, "started": RUNS, "finished": SUCCEEDED,
}  # fmt: skip


class Rq(Client):
    """One queue."""

    packages = ("rq", "redis")
    ready = "Listening on"

    @cached_property
    def _queue(self) -> Any:
        redis = Redis.from_url(self.spec.url)
        return Queue(connection=redis, serializer=self.setting("serializer", None))

    def _options(self, task: str) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self.functions[task] in LIMITED:
            options["job_timeout"] = LIMIT
        if "retries" in self.spec.settings:
            options["retry"] = Retry(max=self.spec.settings["retries"])
        return options

    def submit(self, task: str, args: Sequence[Any], delay: float | None) -> str:
        function, options = self.functions[task], self._options(task)
        if delay is None:
            return str(self._queue.enqueue(function, *args, **options).id)
        return str(self._queue.enqueue_in(timedelta(seconds=delay), function, *args, **options).id)

    def submit_twice(self, task: str, args: Sequence[Any]) -> str:
        for _ in range(2):
            with suppress(DuplicateJobError):
                self._queue.enqueue(self.functions[task], *args, job_id="same", unique=True)
        return "same"

    def status(self, task_id: str) -> Status:
        try:
            job = self._fetch(task_id)
        except NoSuchJobError:
            return Status(UNKNOWN, "no such job")
        word = str(job.get_status(refresh=False).value)
        result = None
        if word == "finished":
            result = str(job.return_value())
        last = (job.exc_info or "").strip().splitlines()[-1:] or [""]
        return Status(_STATES.get(word, FAILED), f"{word} {last[0][:60]}".strip(), result=result)

    def _fetch(self, task_id: str) -> Any:
        queue = self._queue
        return Job.fetch(task_id, connection=queue.connection, serializer=queue.serializer)

    def plant(self, pickled: str, command: str) -> None:
        redis, dumps = self._queue.connection, self._queue.serializer.dumps
        call = dumps(("os.system", None, (command,), {}))
        for data in (pickled.encode(), call):
            job_id = self.submit("add", (1, 2), 3600)
            redis.hset(f"rq:job:{job_id}", "data", zlib.compress(data))
            redis.rpush("rq:queue:default", job_id)

    def worker(self, at_once: int) -> list[str]:
        line = ["rq.cli", "worker"] if at_once == 1 else ["rq.cli", "worker-pool", "-n", "2"]
        line += ["--url", self.spec.url]
        if serializer := self.setting("serializer", None):
            line += ["-S", serializer]
        if at_once == 1:  # a pool takes no such options
            line += ["--with-scheduler", *self.setting("worker", "").split()]
        return line

    def application(self) -> None:
        """None: a worker imports the functions that it is told to call."""


CLIENT = Rq
