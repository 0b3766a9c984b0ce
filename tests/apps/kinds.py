"""Task functions of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from taskrow import CancelRequested, TaskContext, TaskQueue
from tests.apps.options import note

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


@queue.task
async def add_slowly(a: int, b: int) -> str:
    await asyncio.sleep(0.01)
    return f"{current_app.name}: {sum(await asyncio.gather(_same(a), _same(b)))}"


async def _same(number: int) -> int:
    return number


@queue.task(retries=1, backoff=0)
async def fail_slowly(mark: str) -> None:
    note(mark)
    await asyncio.sleep(0)
    raise LookupError("not there")


@queue.task(soft_timeout=0.1)
async def sleep_for_ever(mark: str) -> None:
    try:
        await asyncio.sleep(600)
    finally:
        note(mark)


def wait_for(gate: str) -> None:
    from tests.apps.basic import rest

    while not Path(gate).exists():
        rest(0.01)


@queue.task(bind=True)
def steps(self: TaskContext, gate: str, said: list[Any]) -> Generator[Any, None, Any]:
    """Yields one thing after the other, each when its gate is opened."""
    for number, value in enumerate(said):
        yield tuple(value) if isinstance(value, list) else value
        wait_for(f"{gate}{number}")
    return [current_app.name, self.request.attempt]


@queue.task
def until_cancelled(mark: str) -> Generator[Any, None, Any]:
    try:
        while True:
            yield 0.5
    except CancelRequested:
        note(mark)
        raise


@queue.task
def mistaken(said: Any) -> Generator[Any, None, Any]:
    try:
        yield said
    except TypeError as error:
        yield {"status": "corrected"}
        return str(error)
