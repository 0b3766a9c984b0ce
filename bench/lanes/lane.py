"""A lane: one contender on a store of its own.

It submits from this process; its worker is another, started by a command. A peer's lane runs in
that peer's own environment, so nothing here imports taskrow.
"""

from __future__ import annotations

import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Submit = Callable[..., str]


class NotMeasured(Exception):  # noqa: N818 - it is no error that a contender has no such thing
    """This contender has nothing of the kind; the message says what."""


@dataclass(frozen=True)
class Spec:
    """Where a lane works: a directory of its own, its server's URL, and its own options."""

    directory: Path
    url: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Command:
    """How a worker is started, by this interpreter: ``python -m ...``."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def line(self) -> list[str]:
        return [sys.executable, "-m", *self.arguments]

    @property
    def full_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}


class Lane(ABC):
    """One contender."""

    packages: Sequence[str] = ()  # whose versions a reader wants to know

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    @property
    def runners(self) -> int:
        """How many tasks its worker runs at a time."""
        return int(self.spec.options.get("runners", 1))

    def worker_options(self, default: str = "") -> list[str]:
        """What is added to the command of its worker."""
        return str(self.spec.options.get("worker", default)).split()

    def around(self) -> AbstractContextManager[object]:
        """What a thread has to be in when it submits or reads."""
        return nullcontext()

    @abstractmethod
    def submit(self, function: str) -> Submit:
        """What submits a call of a task function (bench/tasks.py) and returns its id."""

    def submit_many(self, numbers: Sequence[int], at_once: int = 1000) -> list[str]:
        """Submit a call of ``same`` for each number, so many in a transaction."""
        del at_once
        raise NotMeasured(f"it has no bulk submit (of {len(numbers)} tasks)")

    @abstractmethod
    def read(self, task_id: str) -> object:
        """The status of a task, as its API gives it."""

    def some_ids(self, count: int) -> list[str]:
        """Ids of tasks from everywhere in a table that was there before."""
        raise NotMeasured(f"it has no table to take {count} ids from")

    @abstractmethod
    def ended(self) -> int:
        """How many tasks are over."""

    @abstractmethod
    def all_ended(self, tasks: int) -> bool:
        """Whether that many are over and none is left; a look that costs next to nothing."""

    @abstractmethod
    def results(self) -> dict[str, Any]:
        """The stored result of each task."""

    @abstractmethod
    def worker(self) -> Command:
        """Its worker."""

    def purge(self) -> Command:
        """What deletes the finished rows whose time is up."""
        raise NotMeasured("it has no purge")

    @abstractmethod
    def durability(self) -> str:
        """How its commits reach the disk: asked, not assumed."""

    @abstractmethod
    def rest(self) -> None:
        """Let go of what a worker could stumble over, as long as nothing is submitted."""

    def close(self) -> None:
        """Let go of everything."""
        self.rest()
