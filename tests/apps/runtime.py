"""Task functions that log, wait in threads, or wear their runner out."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import logging.config
import os
import threading
from pathlib import Path

from flask import Flask, current_app

from taskrow import CancelRequested, SoftTimeout, TaskContext, TaskQueue
from tests.apps.options import note

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)
log = logging.getLogger("shop")
mood: contextvars.ContextVar[str] = contextvars.ContextVar("mood", default="none")
kept: list[bytes] = []


def wait_for(gate: str) -> None:
    while not Path(gate).exists():
        threading.Event().wait(0.01)


class Unreadable:
    def __str__(self) -> str:
        raise RuntimeError("no words")


# -- logs ----------------------------------------------------------------------------------------


@queue.task
def say(*words: str) -> int:
    for word in words:
        log.info("it says %s", word)
    return len(words)


@queue.task(retries=1, backoff=0, bind=True)
def fail_once(self: TaskContext) -> str:
    log.warning("attempt %d", self.request.attempt)
    if self.request.retries == 0:
        try:
            raise LookupError("gone")
        except LookupError:
            log.exception("it did not go well")
        raise ValueError("once")
    return "well"


@queue.task
def say_odd_things() -> None:
    current_app.logger.warning("flask's own")
    log.debug("too little to keep")
    log.info("%s", Unreadable())
    log.info("nul \0 surrogate \udc80 escape \x1b[31m")
    log.info("two parts %s", b"\xff\x00")
    log.info("too %s %s", "few")  # noqa: PLE1206
    log.info("\udc80" * 4000)
    by_hand = {"name": "shop", "levelno": 20, "levelname": "INFO", "created": "now"}
    log.handle(logging.makeLogRecord(by_hand))
    log.info("x" * 1_000_000 + "the end")


@queue.task
def flood() -> None:
    for number in range(20_000):
        log.info("record %d %s", number, "y" * 50)


@queue.task
def say_much(count: int, size: int) -> None:
    for _ in range(count):
        log.info("%s", "z" * size)


@queue.task
def configure_logging() -> None:
    log.info("before")
    logging.config.dictConfig({"version": 1, "root": {"level": "INFO"}})
    logging.getLogger().handlers.clear()
    log.info("nobody hears this")


@queue.task
def warn_elsewhere() -> None:
    logging.getLogger("elsewhere").warning("heard again")


@queue.task
async def say_in_parts() -> None:
    async def part(name: str) -> None:
        log.info("part %s", name)

    await asyncio.gather(part("a"), part("b"))
    await asyncio.to_thread(log.info, "part c")
    threading.Thread(target=log.info, args=["a thread of its own"]).start()


@queue.task
def say_later(gate: str) -> None:
    context = contextvars.copy_context()

    def later() -> None:
        wait_for(gate)
        context.run(log.info, "too late")
        Path(f"{gate}.said").touch()

    threading.Thread(target=later, daemon=True).start()


@queue.task
def fork_and_say() -> int:
    log.info("parent")
    child = os.fork()
    if child == 0:
        log.info("child")
        os._exit(0)
    return os.waitpid(child, 0)[1]


@queue.task(bind=True, crash_limit=0)
def say_and_die(self: TaskContext) -> None:
    log.info("first words")
    self.update_state()
    log.info("last words")
    os._exit(3)


# -- threads -------------------------------------------------------------------------------------


@queue.task(bind=True)
def meet(self: TaskContext, place: str, count: int) -> list[str]:
    """Ends when so many are in the place at once."""
    before = mood.get()
    mood.set(place)
    (Path(place) / (self.request.id or "")).touch()
    log.info("here is %s", self.request.id)
    while len(list(Path(place).iterdir())) < count:
        threading.Event().wait(0.01)
    return [before, current_app.name, str(os.getpid()), threading.current_thread().name]


@queue.task
def wait_at(mark: str, gate: str) -> int:
    note(mark)
    wait_for(gate)
    return os.getpid()


@queue.task(at_most_once=True)
def wait_once_at(mark: str, gate: str) -> None:
    note(mark)
    wait_for(gate)


@queue.task(bind=True)
def until_cancelled(self: TaskContext, mark: str) -> None:
    note(mark)
    try:
        while True:
            self.update_state()
            threading.Event().wait(0.01)
    except CancelRequested:
        note(mark)
        raise


@queue.task(bind=True, soft_timeout=0.1)
def until_soft_timeout(self: TaskContext) -> str:
    try:
        while True:
            self.update_state()
            threading.Event().wait(0.01)
    except SoftTimeout:
        return "in time"


@queue.task(timeout=1)
def overstay(mark: str) -> None:
    note(mark)
    threading.Event().wait()


@queue.task
def close_files() -> None:
    os.closerange(3, 100)


# -- wear ----------------------------------------------------------------------------------------


@queue.task
def pid() -> int:
    return os.getpid()


@queue.task
def grow(mebibytes: int) -> int:
    kept.append(os.urandom(1) * (mebibytes * 2**20))
    return os.getpid()


@queue.task
def leave_a_thread() -> int:
    threading.Thread(target=threading.Event().wait).start()
    return os.getpid()
