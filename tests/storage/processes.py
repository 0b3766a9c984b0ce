"""Child processes that run a function of workloads.py, and what they say.

They are forked from a small server process that has everything imported (forkserver), so that a
test can have eight of them within a moment; none of them shares a connection with the tests.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

PATIENCE = 30.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["pytest", "tests.storage.workloads"])


class Child:
    """One process that runs ``target(line, *arguments)`` and then says what it returned."""

    def __init__(self, target: Callable[..., Any], arguments: Sequence[Any]) -> None:
        self._line, theirs = _context.Pipe()
        self._process = _context.Process(target=_run, args=(theirs, target, *arguments))
        self._process.start()
        theirs.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def hear(self, seconds: float = PATIENCE) -> Any:
        """The next thing that it says; AssertionError when it says nothing, or fails."""
        assert self._line.poll(seconds), "the process says nothing"
        try:
            kind, said = self._line.recv()
        except EOFError:
            raise AssertionError("the process is gone") from None
        assert kind == "said", said
        return said

    def tell(self, word: Any = None) -> None:
        """Let it go on."""
        self._line.send(word)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> None:
        """Wait until it has ended by itself."""
        self._process.join(PATIENCE)
        assert self._process.exitcode == 0

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        with suppress(ProcessLookupError):
            self.kill()
        self._line.close()
        self._process.close()


class Line:
    """What the child's side has of the line to the test."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def say(self, word: Any) -> None:
        self._connection.send(("said", word))

    def wait(self, seconds: float = PATIENCE) -> Any:
        """Wait until the test says to go on."""
        if not self._connection.poll(seconds):
            raise TimeoutError("nobody told this process to go on")
        return self._connection.recv()

    def is_told(self) -> bool:
        """Whether the test has said to go on."""
        return self._connection.poll()


@contextmanager
def running(target: Callable[..., Any], *arguments: Any) -> Iterator[Child]:
    """A child process that ends with the block, whatever it does."""
    child = Child(target, arguments)
    try:
        yield child
    finally:
        child.close()


def run_together(target: Callable[..., Any], arguments: Sequence[Sequence[Any]]) -> list[Any]:
    """Run a function in as many processes as there are arguments, all at the same moment.

    The function gets a :class:`Line` first; its answers come back in order.
    """
    children = [Child(_after_start, (target, *each)) for each in arguments]
    try:
        for child in children:
            assert child.hear() == "ready"
        for child in children:
            child.tell()
        return [child.hear() for child in children]
    finally:
        for child in children:
            child.close()


def _after_start(line: Line, target: Callable[..., Any], *arguments: Any) -> Any:
    line.say("ready")
    line.wait()
    return target(line, *arguments)


def _run(connection: Connection, target: Callable[..., Any], *arguments: Any) -> None:
    try:
        connection.send(("said", target(Line(connection), *arguments)))
    except Exception as error:  # noqa: BLE001 - the test is told
        connection.send(("failed", f"{type(error).__name__}: {error}"))
