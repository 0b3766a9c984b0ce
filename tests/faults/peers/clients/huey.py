"""Huey on SQLite (its own default is Redis; this is the one that is like taskrow)."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from huey import SqliteHuey
from huey.exceptions import TaskException
from huey.registry import Message
from huey.serializer import Serializer, SignedSerializer
from huey.signals import SIGNAL_INTERRUPTED

from tests.faults.peers.clients.client import FAILED, SUCCEEDED, UNKNOWN, WAITS, Client, Status
from tests.faults.peers.tasks import LIMIT, LIMITED


class Huey(Client):
    """One Huey."""

    packages = ("huey",)
    ready = "commands are available"

    @cached_property
    def _huey(self) -> Any:
        serializer = SignedSerializer("a secret") if self.setting("signed", False) else Serializer()
        huey = SqliteHuey("peers", filename=self.spec.url, serializer=serializer)
        for name, function in self.functions.items():
            limits = {"timeout": LIMIT} if function in LIMITED else {}
            setattr(huey, name, huey.task(name=name, **limits)(function))
        if self.setting("enqueues_interrupted", False):
            huey.signal(SIGNAL_INTERRUPTED)(lambda _, task: huey.enqueue(task))
        return huey

    def submit(self, task: str, args: Sequence[Any], delay: float | None) -> str:
        function = getattr(self._huey, task)
        return str((function(*args) if delay is None else function.schedule(args, delay=delay)).id)

    def submit_twice(self, task: str, args: Sequence[Any]) -> str:
        called = getattr(self._huey, task).s(*args)
        self._huey.enqueue(called)
        self._huey.enqueue(called)
        return str(called.id)

    def status(self, task_id: str) -> Status:
        try:
            result = self._huey.result(task_id, preserve=True)
        except TaskException as error:
            return Status(FAILED, f"an error is stored: {error.metadata['error'][:60]}")
        if result is not None:
            return Status(SUCCEEDED, "a result is stored", result=str(result))
        waiting = [*self._huey.pending(), *self._huey.scheduled()]
        if task_id in (task.id for task in waiting):
            return Status(WAITS, "in the queue")
        return Status(UNKNOWN, "no result, and not in the queue")

    def plant(self, pickled: str, command: str) -> None:
        named = Message("x", "os.system", retries=0, args=(command,), kwargs={})
        for data in (pickled.encode(), pickle.dumps(named)):
            self._huey.storage.enqueue(data)  # it takes bytes, whatever they are

    def worker(self, at_once: int) -> list[str]:
        consumer = ["huey.bin.huey_consumer", "tests.faults.peers.clients.app.app"]
        return [*consumer, "-w", str(at_once), *self.setting("worker", "").split()]

    def application(self) -> Any:
        return self._huey


CLIENT = Huey
