"""Dramatiq with Redis as broker and result backend."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import ResultFailure, ResultMissing, Results
from dramatiq.results.backends import RedisBackend

from tests.faults.peers.clients.client import FAILED, SUCCEEDED, UNKNOWN, WAITS, Client, Status
from tests.faults.peers.tasks import LIMIT, LIMITED


class Dramatiq(Client):
    """One broker. An id is that of the message behind the name of its actor."""

    packages = ("dramatiq", "redis")
    ready = "ready for action"

    @cached_property
    def _broker(self) -> Any:
        url = self.spec.url
        broker = RedisBroker(url=url, **self.setting("broker", {}))
        results = RedisBackend(url=f"{url.removesuffix('/0')}/1")
        broker.add_middleware(Results(backend=results, store_results=True))
        dramatiq.set_broker(broker)
        for name, function in self.functions.items():
            limits = {"time_limit": LIMIT * 1000} if function in LIMITED else {}
            dramatiq.actor(function, actor_name=name, max_retries=0, **limits)
        return broker

    def submit(self, task: str, args: Sequence[Any], delay: float | None) -> str:
        actor = self._broker.get_actor(task)
        milliseconds = None if delay is None else int(delay * 1000)
        message = actor.send_with_options(args=tuple(args), delay=milliseconds)
        return f"{task}/{message.message_id}"

    def submit_twice(self, task: str, args: Sequence[Any]) -> str:
        message = self._broker.get_actor(task).message(*args)
        for _ in range(2):
            self._broker.enqueue(message)
        return f"{task}/{message.message_id}"

    def status(self, task_id: str) -> Status:
        task, _, message_id = task_id.partition("/")
        message = dramatiq.Message("default", task, (), {}, {}, message_id)
        backend = next(
            each for each in self._broker.middleware if isinstance(each, Results)
        ).backend
        try:
            result = message.get_result(backend=backend, block=False)
            return Status(SUCCEEDED, "a result is stored", result=str(result))
        except ResultFailure as error:
            return Status(FAILED, f"an error is stored: {error}"[:80])
        except ResultMissing:
            return self._without_result(message_id)

    def _without_result(self, message_id: str) -> Status:
        """What the broker has of a message; its workers hold it the same way as it waits."""
        places = {"default.XQ": FAILED, "default": WAITS, "default.DQ": WAITS}
        for queue, state in places.items():
            messages = self._broker.client.hvals(f"dramatiq:{queue}.msgs")
            if any(message_id.encode() in each for each in messages):
                words = "dead-lettered" if state == FAILED else "no result; the broker has it"
                return Status(state, words)
        return Status(UNKNOWN, "no result, and not in the broker")

    def plant(self, pickled: str, command: str) -> None:
        redis = self._broker.client
        call = {
            "queue_name": "default",
            "actor_name": "os.system",
            "args": [command],
            "kwargs": {},
            "options": {"redis_message_id": "named"},
            "message_id": "n",
            "message_timestamp": 0,
        }
        for key, data in (("pickled", pickled), ("named", json.dumps(call))):  # fmt: skip
            redis.hset("dramatiq:default.msgs", key, data)
            redis.rpush("dramatiq:default", key)

    def worker(self, at_once: int) -> list[str]:
        app = "tests.faults.peers.clients.app:app"
        return ["dramatiq", app, "--processes", str(at_once), "--threads", "1"]

    def application(self) -> Any:
        return self._broker


CLIENT = Dramatiq
