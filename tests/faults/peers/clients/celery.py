"""Celery with Redis as broker and result backend."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from redis import Redis

from celery import Celery
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

_STATES = {"SUCCESS": SUCCEEDED, "FAILURE": FAILED, "STARTED": RUNS, "RETRY": WAITS}
_PICKLE, _JSON = "application/x-python-serialize", "application/json"


class CeleryClient(Client):
    """One application."""

    packages = ("celery", "kombu", "redis")
    ready = " ready."

    @cached_property
    def _app(self) -> Any:
        url = self.spec.url
        app = Celery("peers", broker=url, backend=f"{url.removesuffix('/0')}/1")
        app.conf.update(self.setting("conf", {}))
        for name, function in self.functions.items():
            limits = {"time_limit": LIMIT} if function in LIMITED else {}
            app.task(name=name, **limits, **self.setting("task", {}))(function)
        return app

    def submit(self, task: str, args: Sequence[Any], delay: float | None) -> str:
        return str(self._app.tasks[task].apply_async(args, countdown=delay).id)

    def submit_twice(self, task: str, args: Sequence[Any]) -> str:
        for _ in range(2):
            self._app.tasks[task].apply_async(args, task_id="same")
        return "same"

    def status(self, task_id: str) -> Status:
        meta = self._app.AsyncResult(task_id)._get_task_meta()
        state, result = meta["status"], meta.get("result")
        if state == "SUCCESS":
            return Status(SUCCEEDED, state, result=str(result))
        why = type(result).__name__ if isinstance(result, BaseException) else ""
        return Status(_STATES.get(state, UNKNOWN), f"{state} {why}".strip())

    def plant(self, pickled: str, command: str) -> None:
        redis = Redis.from_url(self.spec.url)
        named = json.dumps([[command], {}, {}])
        for task, kind, body in (("add", _PICKLE, pickled), ("os.system", _JSON, named)):
            redis.lpush("celery", json.dumps(_message(task, kind, body.encode())))

    def worker(self, at_once: int) -> list[str]:
        app = "tests.faults.peers.clients.app:app"
        return ["celery", "-A", app, "worker", "-l", "info", "-c", str(at_once)]

    def application(self) -> Any:
        return self._app


def _message(task: str, kind: str, body: bytes) -> dict[str, Any]:
    """A message as Celery's transport keeps it."""
    task_id = str(uuid.uuid4())
    properties = {
        "correlation_id": task_id,
        "delivery_tag": task_id,
        "delivery_info": {"exchange": "", "routing_key": "celery"},
        "body_encoding": "base64",
    }
    return {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "utf-8" if kind == _JSON else "binary",
        "content-type": kind,
        "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id},
        "properties": properties,
    }


CLIENT = CeleryClient
