"""The application after a deploy: it has a task that was submitted before."""

from __future__ import annotations

from tests.faults.application import app, queue

__all__ = ["app"]


@queue.task
def hello() -> str:
    return "hello"
