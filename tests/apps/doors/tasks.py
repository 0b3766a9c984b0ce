"""Task functions of every temper. A gate is a file: whoever waits goes on when it is made."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from taskrow import TaskContext, TaskQueue

queue = TaskQueue()
executor = queue.executor


class Unprintable(Exception):
    """An exception that cannot even say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


def rest(seconds: float) -> None:
    """Take time, as real work does."""
    threading.Event().wait(seconds)


def wait_for(gate: str) -> None:
    while not Path(gate).exists():
        rest(0.01)


def recurse() -> None:
    recurse()


@queue.task
def add(a: int, b: int) -> int:
    return a + b


@queue.task
def echo(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": args, "kwargs": kwargs}


@executor.job(retries=1)
def double(number: int) -> int:
    return 2 * number


@queue.task(name="give-back")
def give(value: Any) -> Any:
    return value


@queue.task
def repeat(text: str, times: int) -> str:
    return text * times


@queue.task(bind=True)
def who_am_i(self: TaskContext) -> dict[str, Any]:
    asked = self.request
    return {"id": asked.id, "name": asked.name, "attempt": asked.attempt, "retries": asked.retries}


@queue.task(bind=True, retries=1, backoff="constant")
def flaky(self: TaskContext, fail_times: int) -> dict[str, int]:
    if self.request.retries < fail_times:
        raise LookupError(f"no luck at attempt {self.request.attempt}")
    return {"attempt": self.request.attempt, "retries": self.request.retries}


@queue.task
def fail(how: str, words: str = "no") -> None:
    if how == "recursion":
        recurse()
    if how == "group":
        raise ExceptionGroup(words, [ValueError("one"), KeyError("two")])
    kinds = {"value": ValueError, "key": KeyError, "exit": SystemExit, "unprintable": Unprintable}
    raise kinds[how](words)


@queue.task
def echo_or_fail(word: str) -> str:
    if word == "value":
        raise ValueError("no")
    return word


@queue.task
def decode(data: str) -> str:
    return bytes.fromhex(data).decode()


@queue.task(retries=3)
def unjson(mark: str) -> Any:
    with Path(mark).open("a") as file:
        file.write("ran\n")
    return {"at": [Path(mark)]}


@queue.task(crash_limit=1)
def crash(how: str) -> None:
    if how == "exit":
        os._exit(3)
    os.kill(os.getpid(), signal.SIGSEGV)


@queue.task
def stand(gate: str) -> str:
    """Runs until the gate is there; does not listen to anybody. Each run is a line in a file."""
    with Path(f"{gate}.running").open("a") as file:
        file.write("runs\n")
    wait_for(gate)
    return "through"


@queue.task(unique="name")
def alone(gate: str) -> str:
    wait_for(gate)
    return gate


@queue.task(unique="arguments")
def once_for(gate: str, *rest: int, **more: int) -> str:
    wait_for(gate)
    return gate


def by_first_letter(words: str, gate: str) -> str | None:
    return words[:1] if words != "anything" else None


@queue.task(bind=True, unique=by_first_letter)
def once_a_letter(self: TaskContext, words: str, gate: str) -> str:
    wait_for(gate)
    return words


@queue.task(unique="name", unique_until="started")
def waits_alone(gate: str) -> str:
    wait_for(gate)
    return gate


@queue.task(bind=True, track_started=True)
def tracked(self: TaskContext, gate: str) -> str:
    """Shows that it has started, before it says anything of itself."""
    wait_for(gate)
    self.update_state(state="HALFWAY")
    wait_for(f"{gate}.second")
    return "through"


@queue.task(bind=True)
def announce(self: TaskContext, gate: str, state: str, meta: dict[str, Any]) -> dict[str, Any]:
    """Says one thing and stands."""
    self.update_state(state, meta)
    wait_for(gate)
    return {"current": 100, "total": 100, "status": "Task completed!", "result": 42}


@queue.task(bind=True)
def chatter(self: TaskContext, times: int) -> str:
    """Says more than anybody wants to read."""
    for current in range(times):
        self.update_state(meta={"current": current, "total": times})
    return "said"


@queue.task(bind=True)
def afterthought(self: TaskContext, gate: str) -> str:
    """A thread of it goes on talking when the task is over."""

    def talk() -> None:
        wait_for(gate)
        for number in range(20):
            self.update_state(meta={"status": f"still here {number}"})
        Path(gate).with_suffix(".said").touch()

    self.update_state(meta={"status": "the last word"})
    threading.Thread(target=talk, daemon=True).start()
    return "over"


@queue.task(bind=True)
def obedient(self: TaskContext, mark: str) -> None:
    """Runs for ever, but says how it goes; so it hears when it should stop."""
    try:
        while True:
            self.update_state(meta={"status": "running"})
            rest(0.01)
    finally:
        Path(mark).write_text("cleaned up")


@queue.task(bind=True)
def misreport(self: TaskContext, how: str) -> None:
    """Says what no JSON can hold."""
    if how == "type":
        self.update_state(meta={"when": object()})
    if how == "state":
        self.update_state(state=5)  # type: ignore[arg-type]
    if how == "meta":
        self.update_state(meta=["current"])  # type: ignore[arg-type]


@queue.task(bind=True)
def misreport_numbers(self: TaskContext, meta: dict[str, Any]) -> None:
    """Says what JSON can hold, but no bar can show."""
    self.update_state(meta=meta)
