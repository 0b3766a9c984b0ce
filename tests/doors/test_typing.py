"""What a type checker sees: a task is submitted with the arguments of its function, not others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
result: AsyncResult = add.delay(1)
add.delay(1, b=2)
with_options.delay(1)
bound.delay(1, b="x")
later.delay(1)
number: int = add(1)
text: str = bound(1, b="x")
"""

WRONG = {
    "add.delay()": "call-arg",
    'add.delay("1")': "arg-type",
    'with_options.delay(a="1")': "arg-type",
    "bound.delay(bound, 1)": "arg-type",
    "bound.delay(1)": "call-arg",
    'later.delay("1")': "arg-type",
    "text: str = add(1)": "assignment",
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


def test_right_calls_are_accepted_and_each_wrong_one_is_told(tmp_path: Path) -> None:
    assert "Success: no issues found" in check(tmp_path, TASKS + RIGHT)
    said = check(tmp_path, TASKS + "\n".join(WRONG)).splitlines()
    first = len(TASKS.splitlines()) + 1
    for number, (call, code) in enumerate(WRONG.items(), start=first):
        told = [line for line in said if f":{number}: error:" in line]
        assert told, (call, said)
        assert code in " ".join(told), call
