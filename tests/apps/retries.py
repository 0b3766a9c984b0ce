"""Task functions that are retried, by rules or because they ask for it."""

from __future__ import annotations

import builtins
import os
from pathlib import Path
from typing import Any

from flask import Flask

from taskrow import Cancel, Retry, TaskContext, TaskQueue, TaskTimeout
from tests.apps.options import note, stand

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@queue.task(
    retries=1,
    retry_on=(OSError, SystemExit, Unprintable),
    never_retry_on=FileNotFoundError,
    backoff=0,
)
def picky(kind: str) -> None:
    raise Unprintable if kind == "Unprintable" else getattr(builtins, kind)("no")


def quarters(failures: int, error: BaseException) -> float:
    assert isinstance(error, LookupError)
    return failures / 4


@queue.task(retries=2, backoff=quarters)
def by_quarters(mark: str) -> str:
    note(mark)
    if len(Path(mark).read_text().splitlines()) < 3:
        raise KeyError("again")
    return "at last"


def broken(failures: int, error: BaseException) -> Any:
    how = str(error)
    if how == "exit":
        raise SystemExit(3)
    return {"text": "soon", "nan": float("nan"), "negative": -1, "none": None}[how]


@queue.task(bind=True, retries=1, backoff=broken, backoff_cap=0.01)
def with_broken_backoff(self: TaskContext, how: str) -> str:
    if self.request.retries == 0:
        raise ValueError(how)
    return "ran again"


@queue.task(timeout=0.2, retries=3, never_retry_on=TaskTimeout)
def timeouts_are_final() -> None:
    stand()


def never_here(failures: int, error: BaseException) -> float:
    os._exit(1)


@queue.task(timeout=1, retries=1, backoff=never_here, backoff_cap=0.01)
def timeout_with_function(mark: str) -> str:
    note(mark)
    if len(Path(mark).read_text().splitlines()) == 1:
        stand()
    return "ran again"


@queue.task(bind=True, retries=2)
def ask(self: TaskContext, how: str, times: int) -> list[int]:
    """Asks so often to be run again, then tells what it knows of its retries."""
    if self.request.retries >= times:
        return [self.request.retries, self.request.max_retries, self.request.attempt]
    if how == "retry":
        self.retry(countdown=0)
    if how == "retry with an exception":
        self.retry(exc=ConnectionError("gone"), countdown=0)
    if how == "retry more often":
        self.retry(exc=ConnectionError("gone"), countdown=0, max_retries=4)
    if how == "retry less often":
        self.retry(exc=ConnectionError("gone"), countdown=0, max_retries=1)
    if how == "raise":
        raise Retry(after=0)
    if how == "raise from":
        raise Retry("wait for it", after=0) from ConnectionError("gone")
    raise Retry(after="soon")  # type: ignore[arg-type]


@queue.task(retries=3)
def refuse(reason: str) -> None:
    raise Cancel(reason)
