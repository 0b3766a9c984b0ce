"""Clients of the soak: they submit, ask until the end, and note all that they are told."""

from __future__ import annotations

import json
import random
import threading
import time
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import Any

from tests.faults.history import History, Told

_MODULE = "tests.soak.application"
_CALLS: tuple[tuple[str, list[Any]], ...] = (  # a crash costs a new process: few of those
    *[("work", [0.03])] * 40,
    *[("work", [1.0])] * 14,
    *[("effect", list[Any]())] * 16,
    ("crash", []),
    *[("stumble", list[Any]())] * 4,
)


class Client(threading.Thread):
    """One client; ``latencies`` are the seconds of its submits that were answered."""

    def __init__(self, port: int, history: History, seed: float, per_second: float) -> None:
        super().__init__(daemon=True)
        self._port, self._history, self._pause = port, history, 1 / per_second
        self._chance = random.Random(seed)
        self._open: list[str] = []
        self.over = threading.Event()
        self.latencies: list[float] = []
        self.refused = 0
        self.has_ended = False

    def run(self) -> None:
        while not self.over.wait(self._pause):
            self._submit()
            self._look(self._open[:3])
        while self._open:
            self._look(self._open[:50])
        self.has_ended = True  # of itself, and not by an error

    def _submit(self) -> None:
        name, args = self._chance.choice(_CALLS)
        began = time.monotonic()
        answer = self._ask("POST", "/tasks", {"name": f"{_MODULE}.{name}", "args": args})
        if answer is None or answer[0] != 202:
            self.refused += 1
            return
        self.latencies.append(time.monotonic() - began)
        self._history.accepted(answer[1]["id"])
        self._open.append(answer[1]["id"])

    def _look(self, ids: list[str]) -> None:
        for task_id in ids:
            answer = self._ask("GET", f"/tasks/{task_id}")
            self._open.remove(task_id)
            if answer is not None and answer[0] == 200:
                told = Told(answer[1]["status"], answer[1]["attempt"], answer[1]["result"])
                self._history.told(task_id, told)
                if told.final:
                    continue
            elif answer is not None and answer[0] == 404:
                continue  # it is gone: the history says so in the end
            self._open.append(task_id)

    def _ask(self, verb: str, path: str, body: Any = None) -> tuple[int, Any] | None:
        """Status and document; None where nobody answered: then nothing is known."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            with suppress(OSError, HTTPException, ValueError):
                data = None if body is None else json.dumps(body)
                connection.request(verb, path, data, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                return answer.status, json.loads(answer.read())
            return None
        finally:
            connection.close()
