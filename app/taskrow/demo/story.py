"""``taskrow demo --check``: the whole story, told while it happens, by somebody with only HTTP."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import IO, Any, TypeVar

import click

from taskrow.demo.bars import bar, table
from taskrow.demo.client import Reply, ask
from taskrow.demo.processes import Pair

T = TypeVar("T")

_STEPS, _PAUSE = 20, 0.15  # of the long task: three seconds
_POLL = 0.05
_PATIENCE = 20.0  # seconds, for each thing that we wait for
_LOG_LINES = 20


class BrokenPromise(Exception):  # noqa: N818 - that is what it is
    """A step of the story did not hold."""

    def __init__(self, expected: str, seen: object) -> None:
        super().__init__(expected, seen)
        self.expected, self.seen = expected, seen


class Story:
    """One telling. Every wait has an end."""

    def __init__(self, pair: Pair, database: Path, output: IO[bytes]) -> None:
        self._pair, self._database, self._output = pair, database, output
        self._began = time.monotonic()
        self._long = self._view = ""  # the status URLs

    def tell(self) -> int:
        """Play it; returns the exit code."""
        try:
            self._play()
        except BrokenPromise as broken:
            self._explain(broken)
            return 1
        seconds = time.monotonic() - self._began
        click.echo(f"\nAll of it held, in {seconds:.1f} s: exit 0")
        return 0

    def _play(self) -> None:
        self._begin()
        self._submit()
        self._watch_half()
        self._kill_the_worker()
        self._start_it_again()
        self._watch_the_rest()
        self._restart_the_web_server()
        self._ask_a_view()
        self._open_the_file()

    def _explain(self, broken: BrokenPromise) -> None:
        _say("", "THIS DID NOT HOLD", f"expected: {broken.expected}", f"seen:     {broken.seen}")
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").splitlines()[-_LOG_LINES:]
        click.echo("\nThe last words of the web server and the worker:")
        _say(*(lines or ["(none)"]))
        click.echo("\nexit 1")

    # -- the steps -------------------------------------------------------------------------------

    def _begin(self) -> None:
        self._pair.start()
        click.echo(
            f"Tasks are rows. Here are a web server (pid {self._pair.web.pid}), a worker"
            f" (pid {self._pair.worker.pid})\nand one SQLite file. This is the story of a task"
            " that outlives the first two."
        )

    def _submit(self) -> None:
        _chapter(1, "Submit a task. The 202 comes when its row is on the disk.")
        reply = self._ask("POST", f"/longtask?steps={_STEPS}&pause={_PAUSE}")
        _say(f"POST /longtask -> {reply.line}", f"Location: {reply.location}")
        _expect(reply.status == 202, "202 Accepted", reply.line)
        _expect(reply.location.startswith("/status/"), "a Location below /status/", reply.location)
        self._long = reply.location

    def _watch_half(self) -> None:
        _chapter(2, "Ask how far it is. The web server reads the row, and nothing else.")
        self._watch(lambda said: 2 * said["current"] >= said["total"], "half of the task is done")

    def _kill_the_worker(self) -> None:
        _chapter(3, "Kill the worker in the middle of its work.")
        pid = self._pair.worker.pid
        self._pair.worker.kill()
        _say(f"kill -9 {pid}")
        row = self._row()
        _say(f"Nobody works on it now. The row says: {row['status']}, attempt {row['attempt']}.")
        _expect(row["attempt"] == 1, "a row in its attempt 1", row)
        _expect(row["finished_at"] is None, "a row that is not finished", row)

    def _start_it_again(self) -> None:
        _chapter(
            4, "Start a worker again. It sees that the first is gone, and runs its task again."
        )
        self._pair.worker.start()
        self._wait(self._row, lambda row: row["attempt"] == 2, "attempt 2 of the same task")
        _say(f"The worker is pid {self._pair.worker.pid} now. The row says: running, attempt 2.")

    def _watch_the_rest(self) -> None:
        _chapter(5, "Watch it to its end.")
        said = self._watch(lambda said: said["state"] == "SUCCESS", "a task that succeeds")
        row = self._row()
        _say(f"Result: {said['result']}, in attempt {row['attempt']}.")
        _expect(said["result"] == 42, "Result: 42", said)
        _expect(row["attempt"] == 2, "a task that succeeded in attempt 2", row)

    def _restart_the_web_server(self) -> None:
        _chapter(6, "Restart the web server too. It had nothing in its memory to lose.")
        before, first = self._ask("GET", self._long), self._pair.web.pid
        self._pair.web.kill()
        self._pair.web.start()
        after = self._ask("GET", self._long)
        _say(f"kill -9 {first}")
        _expect(before == after, f"the answer from before: {before}", after)
        _say(f"GET {_short(self._long)} -> {after.line}, from pid {self._pair.web.pid}.")
        _say("Byte for byte what the first one said:", " ".join(after.body.split()))

    def _ask_a_view(self) -> None:
        _chapter(7, "A whole view as a task. Its decorator is @async_api, its client only waits.")
        reply = self._ask("GET", "/answer/life")
        _say(f"GET /answer/life -> {reply.line}")
        _expect(reply.status == 202, "202 Accepted", reply.line)
        self._view = reply.location
        waiting = self._ask("GET", self._view)
        _say(f"GET {_short(self._view)} -> {waiting.line}, ask again")
        _expect(waiting.status == 202, "202 while the view is at work", waiting.line)
        self._hear_the_answer()

    def _hear_the_answer(self) -> None:
        done = self._wait(
            lambda: self._ask("GET", self._view), lambda reply: reply.status != 202, "an answer"
        )
        _say(f"GET {_short(self._view)} -> {done.line}  {done.body}")
        expected = (200, "The answer is: life")
        _expect((done.status, done.body) == expected, "200 The answer is: life", done)

    def _open_the_file(self) -> None:
        _chapter(8, "Open the file with SQLite alone. The tasks are rows.")
        names, rows = self._select(
            "SELECT name, status, attempt, ran_s, outcome FROM v_recent WHERE id IN (?, ?)",
            _id(self._long), _id(self._view),
        )  # fmt: skip
        _say("select name, status, attempt, ran_s, outcome from v_recent", "")
        _say(*table(names, rows))
        _expect([row[1] for row in rows] == ["succeeded"] * 2, "two rows that succeeded", rows)
        self._look_at_the_lost_attempt()

    def _look_at_the_lost_attempt(self) -> None:
        names, rows = self._select(
            "SELECT attempt, outcome, json_extract(error, '$.message') AS why FROM task_attempts"
            " WHERE task_seq = (SELECT seq FROM tasks WHERE id = ?)",
            _id(self._long),
        )
        _say("", "select attempt, outcome, error ->> 'message' as why from task_attempts", "")
        _say(*table(names, rows))
        _expect([row[:2] for row in rows] == [(1, "lost")], "attempt 1, lost", rows)

    # -- what the steps are made of --------------------------------------------------------------

    def _watch(self, is_enough: Callable[[dict[str, Any]], bool], hope: str) -> dict[str, Any]:
        """Poll the task and draw a bar for each tenth; returns what it said last."""
        shown = -1

        def look() -> dict[str, Any]:
            nonlocal shown
            said: dict[str, Any] = self._ask("GET", self._long).json()
            if (
                said["state"] != "PENDING"
                and (tenth := 10 * said["current"] // said["total"]) > shown
            ):
                shown = tenth
                _say(f"{bar(said['current'], said['total'])}  {said['status']}")
            return said

        return self._wait(look, is_enough, hope)

    def _wait(self, look: Callable[[], T], is_enough: Callable[[T], bool], hope: str) -> T:
        deadline = time.monotonic() + _PATIENCE
        while not is_enough(found := look()):
            self._expect_life(hope)
            _expect(time.monotonic() < deadline, f"{hope}, within {_PATIENCE:g} s", found)
            time.sleep(_POLL)
        return found

    def _row(self) -> dict[str, Any]:
        row: dict[str, Any] = self._ask("GET", f"/tasks/{_id(self._long)}").json()
        return row

    def _ask(self, method: str, path: str) -> Reply:
        try:
            return ask(self._pair.port, method, path)
        except OSError as error:
            self._expect_life(f"an answer to {method} {path}")
            raise BrokenPromise(f"an answer to {method} {path}", repr(error)) from None

    def _expect_life(self, hope: str) -> None:
        for child in (self._pair.web, self._pair.worker):
            how = child.how_it_ended()
            _expect(how is None, hope, f"the {child.name} {how}")

    def _select(self, query: str, *values: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        with closing(sqlite3.connect(f"{self._database.as_uri()}?mode=ro", uri=True)) as file:
            cursor = file.execute(query, values)
            return [column[0] for column in cursor.description], cursor.fetchall()


def _expect(holds: bool, expected: str, seen: object) -> None:
    if not holds:
        raise BrokenPromise(expected, seen)


def _chapter(number: int, title: str) -> None:
    click.echo(f"\n{number}. {title}")


def _say(*lines: str) -> None:
    for line in lines:
        click.echo(f"   {line}".rstrip())


def _id(status_url: str) -> str:
    return status_url.rpartition("/")[2]


def _short(status_url: str) -> str:
    return f"/status/...{_id(status_url)[-8:]}"
