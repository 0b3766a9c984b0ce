"""A client: one library on a store, as a producer and a worker's application use it."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

from tests.faults.peers.tasks import FUNCTIONS

SPEC = "PEERS_SPEC"

WAITS, RUNS, SUCCEEDED, FAILED, UNKNOWN = "waits", "runs", "succeeded", "failed", "no trace"


@dataclass(frozen=True)
class Spec:
    """What a client is opened with. url: the store, or the file of an SQLite database."""

    client: str
    url: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """How it comes into a process of the library's environment, with variables of its own."""
        return {SPEC: json.dumps(asdict(self)), **self.settings.get("environment", {})}


@dataclass(frozen=True)
class Status:
    """What the library tells of a task. words: its own; result: as text, where there is one."""

    state: str
    words: str
    result: str | None = None


class Client(ABC):
    """One library. ``packages``: those whose versions a reader wants to know."""

    packages: Sequence[str] = ()
    ready = ""  # what its worker says when it can work

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The task functions by name; a worker from before a deployment lacks one."""
        found = {each.__name__: each for each in FUNCTIONS}
        with suppress(ModuleNotFoundError):
            found["of_the_new_version"] = import_module("tests.faults.peers.new").of_the_new_version
        return found

    def setting(self, name: str, default: Any) -> Any:
        """A setting of the system that this is."""
        return self.spec.settings.get(name, default)

    @abstractmethod
    def submit(self, task: str, args: Sequence[Any], delay: float | None) -> str:
        """Submit a call, to run at once or in so many seconds; its id."""

    @abstractmethod
    def submit_twice(self, task: str, args: Sequence[Any]) -> str:
        """The same submit two times, as far as the library can tell that it is the same."""

    @abstractmethod
    def status(self, task_id: str) -> Status:
        """What the library tells of it."""

    @abstractmethod
    def plant(self, pickled: str, command: str) -> None:
        """Write into the store, past the library, what a stranger could.

        Once with a pickle (of protocol 0: it is plain text) where arguments should be, and once
        with ``os.system`` as the function and the command as its argument.
        """

    @abstractmethod
    def worker(self, at_once: int) -> list[str]:
        """The arguments of ``python -m`` for a worker that runs so many tasks at once."""

    @abstractmethod
    def application(self) -> Any:
        """What its worker imports (app.py)."""


def open_client() -> Client:
    """The client of the process's environment variables."""
    spec = Spec(**json.loads(os.environ[SPEC]))
    client = import_module(f"tests.faults.peers.clients.{spec.client}").CLIENT(spec)
    assert isinstance(client, Client)
    return client
