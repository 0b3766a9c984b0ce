"""What a type checker sees: a task is submitted with the arguments of its function, not others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT

TASKS = """
from __future__ import annotations

from taskrow import AsyncResult, TaskContext, TaskQueue

queue = TaskQueue()


@queue.task
def add(a: int, b: int = 0) -> int:
    return a + b


@queue.task(retries=3)
def with_options(a: int) -> str:
    return str(a)


@queue.task(bind=True, queue="mail")
def bound(self: TaskContext, a: int, *, b: str) -> str:
    self.update_state(meta={"current": a})
    return b


@queue.task
async def later(a: int) -> str:
    return str(a)
"""

RIGHT = """
from datetime import datetime, timedelta, UTC

result: AsyncResult = add.delay(1)
add.delay(1, b=2)
with_options.delay(1)
bound.delay(1, b="x")
later.delay(1)
number: int = add(1)
text: str = bound(1, b="x")
sent: AsyncResult = add.apply_async((1,), {"b": 2}, countdown=5, queue="mail", priority=1)
add.apply_async([1], eta=datetime.now(UTC), expires=timedelta(hours=1), retries=2)
add.apply_async(args=[1], task_id=result.id, unique_key="one")
"""

WRONG = {
    "add.delay()": "call-arg",
    'add.delay("1")': "arg-type",
    'with_options.delay(a="1")': "arg-type",
    "bound.delay(bound, 1)": "arg-type",
    "bound.delay(1)": "call-arg",
    'later.delay("1")': "arg-type",
    "text: str = add(1)": "assignment",
    "add.apply_async(1)": "arg-type",
    'add.apply_async((1,), countdown="5")': "arg-type",
    'add.apply_async((1,), eta="tomorrow")': "arg-type",
    "add.apply_async((1,), priority=1.5)": "arg-type",
    "add.apply_async((1,), retrys=1)": "call-arg",
    "number: int = add.delay(1)": "assignment",
}

CELERY = """
from __future__ import annotations

from typing import Any

from taskrow.celery import AsyncResult, Celery, Signature, Task, shared_task

celery = Celery("typed")


@celery.task
def add(a: int, b: int = 0) -> int:
    return a + b


@shared_task(max_retries=3)
def with_options(a: int) -> str:
    return str(a)


@celery.task(bind=True, queue="mail")
def bound(self: Task[..., Any], a: int, *, b: str) -> str:
    self.update_state(state="PROGRESS", meta={"current": a})
    if self.request.retries:
        raise self.retry(countdown=5)
    return b
"""

RIGHT_CELERY = """
result: AsyncResult = add.delay(1)
with_options.delay(1)
bound.delay(1, b="x")
signature: Signature = add.s(1, b=2)
signature.apply_async(countdown=5)
bound.si(1, b="x").delay()
add.apply_async((1,), {"b": 2}, countdown=5)
number: int = add(1)
"""

WRONG_CELERY = {
    "add.delay()": "call-arg",
    'add.delay("1")': "arg-type",
    'with_options.delay(b="1")': "call-arg",
    "bound.delay(bound, 1)": "arg-type",
    'add.s("1")': "arg-type",
    "bound.si(1)": "call-arg",
    "add.apply_async(1)": "arg-type",
    "text: str = add(1)": "assignment",
    "add.dely(1)": "attr-defined",
}


def check(directory: Path, code: str) -> str:
    """What mypy says in strict mode about a file."""
    file = directory / "checked.py"
    file.write_text(code)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", ""]
    command += ["--cache-dir", str(directory / "cache"), str(file)]
    env = {"MYPYPATH": str(ROOT / "app"), "PATH": ""}
    found = subprocess.run(
        command, env=env, cwd=directory, capture_output=True, text=True, check=False
    )
    return found.stdout + found.stderr


@pytest.mark.parametrize(
    ("tasks", "right", "wrong"),
    [(TASKS, RIGHT, WRONG), (CELERY, RIGHT_CELERY, WRONG_CELERY)],
    ids=["taskrow", "celery"],
)
def test_right_calls_are_accepted_and_each_wrong_one_is_told(
    tmp_path: Path, tasks: str, right: str, wrong: dict[str, str]
) -> None:
    assert "Success: no issues found" in check(tmp_path, tasks + right)
    said = check(tmp_path, tasks + "\n".join(wrong)).splitlines()
    first = len(tasks.splitlines()) + 1
    for number, (call, code) in enumerate(wrong.items(), start=first):
        told = [line for line in said if f":{number}: error:" in line]
        assert told, (call, said)
        assert code in " ".join(told), call
