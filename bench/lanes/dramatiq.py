"""Dramatiq with Redis as broker and result backend."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.results import Results
from dramatiq.results.backends import RedisBackend

from bench.lanes.app import worker_command
from bench.lanes.lane import Command, Submit
from bench.lanes.redis_server import RedisLane, results_of
from bench.tasks import FUNCTIONS


def make_app(url: str) -> Any:
    """A broker with the tasks in it."""
    broker = RedisBroker(url=url)
    broker.add_middleware(Results(backend=RedisBackend(url=results_of(url)), store_results=True))
    dramatiq.set_broker(broker)
    for function in FUNCTIONS:
        dramatiq.actor(function, actor_name=function.__name__)
    return broker


class DramatiqLane(RedisLane):
    """One broker of Dramatiq."""

    packages = ("dramatiq",)

    @cached_property
    def _broker(self) -> Any:
        return make_app(self.spec.url)

    @cached_property
    def _sent(self) -> dict[str, Any]:
        return {}  # a result is asked for with the message, not with its id alone

    def submit(self, function: str) -> Submit:
        actor, sent = self._broker.get_actor(function), self._sent

        def submit(*args: object) -> str:
            message = actor.send(*args)
            sent[message.message_id] = message
            return str(message.message_id)

        return submit

    def read(self, task_id: str) -> object:
        return self._sent[task_id].get_result(block=False)

    def worker(self) -> Command:
        options = self.worker_options()
        return worker_command(
            "dramatiq", self.spec.url, "dramatiq", "bench.lanes.app:app", *options
        )


LANE = DramatiqLane
