"""``taskrow dev``: web and worker together; changed code runs in both, and broken code waits."""

from __future__ import annotations

import signal
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from taskrow.dev.watching import Watch
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.support.processes import Process, ProcessFactory, eventually, free_port
from tests.support.rows import final

sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

SHOP = """
import threading
from pathlib import Path

from flask import Flask
from taskrow import TaskQueue

import words

app = Flask(__name__)
app.config.from_prefixed_env()
queue = TaskQueue(app)


@app.get("/")
def index():
    return words.WORD


@queue.task(name="say")
def say():
    return words.WORD


@queue.task(name="stand")
def stand(mark):
    Path(mark).touch()
    if words.WORD == "first":
        threading.Event().wait()
    return words.WORD
"""


class Shop:
    """An application whose code the test changes."""

    def __init__(self, directory: Path, start: ProcessFactory, engine: QueueEngine) -> None:
        self.directory, self._start, self._engine = directory, start, engine
        self.port = free_port()
        (directory / "shop.py").write_text(SHOP)
        self.change("first")

    def change(self, word: str) -> None:
        self.break_by(f"WORD = {word!r}\n")

    def break_by(self, text: str) -> None:
        (self.directory / "words.py").write_text(text)

    def dev(self, *command: str) -> Process:
        command = command or ("taskrow", "--app", "shop", "dev")
        return self._start.start(*command, "--port", f"{self.port}", log="dev")

    def page(self) -> str:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/") as page:
            return str(page.read().decode())
        return ""

    def task(self) -> str | None:
        task_id = self._engine.submit("say", "{}", TaskOptions())
        return final(self._engine, task_id).result


@pytest.fixture
def shop(tmp_path: Path, start: ProcessFactory, engine: QueueEngine) -> Shop:
    return Shop(tmp_path, start, engine)


@sqlite_only
@pytest.mark.parametrize("spelling", ["taskrow", "flask"])
def test_changed_code_runs_in_both_and_what_ran_is_not_lost(
    shop: Shop, engine: QueueEngine, tmp_path: Path, spelling: str
) -> None:
    flask = ("flask", "--app", "shop", "tasks", "dev", "--grace", "0")
    dev = shop.dev(*(flask if spelling == "flask" else ()))
    eventually(lambda: shop.page() == "first")
    assert shop.task() == '"first"'
    mark = tmp_path / "mark"
    standing = engine.submit("stand", f'{{"args": ["{mark}"]}}', TaskOptions())
    eventually(mark.exists)
    shop.change("the second")
    dev.wait_for("words.py changed: starting again")
    eventually(lambda: shop.page() == "the second")
    assert shop.task() == '"the second"'
    task = final(engine, standing)
    assert (task.status, task.attempt, task.result) == (Status.SUCCEEDED, 1, '"the second"')
    for words in ("web    | ", "worker | ", " started: runners 1,", "Running on http://127.0.0.1"):
        assert words in dev.output()


@sqlite_only
def test_broken_code_is_shown_and_waits_until_it_is_mended(shop: Shop) -> None:
    shop.break_by("WORD = = 1\n")
    dev = shop.dev()
    dev.wait_for("SyntaxError")
    dev.wait_for("the web ended (1); it starts again when a file changes")
    dev.wait_for("the worker ended")
    shop.change("mended")
    eventually(lambda: shop.page() == "mended")
    assert shop.task() == '"mended"'
    shop.break_by("import nothing_of_this_name\n")
    eventually(lambda: dev.output().count("it starts again when a file changes") >= 4)
    assert "nothing_of_this_name" in dev.output()
    shop.change("mended twice")
    eventually(lambda: shop.page() == "mended twice")


@sqlite_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_both_with_itself(shop: Shop, engine: QueueEngine, number: signal.Signals) -> None:
    dev = shop.dev()
    eventually(lambda: shop.page() == "first")
    assert shop.task() == '"first"'
    dev.send(number)
    assert dev.process.wait(30) == 0
    assert "Traceback" not in dev.output()
    assert "stopped" in dev.output()
    assert shop.page() == ""


@sqlite_only
def test_when_it_is_killed_its_children_end_too(shop: Shop) -> None:
    dev = shop.dev()
    eventually(lambda: shop.page() == "first")
    dev.kill()
    eventually(lambda: shop.page() == "")


def test_what_counts_as_a_change(tmp_path: Path) -> None:
    reported, outside = tmp_path / "reported", tmp_path / "other" / "lib.py"
    tree = tmp_path / "tree"
    for file in (reported, outside, tree / "a.py", tree / "venv/pyvenv.cfg", tree / "venv/b.py"):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    watch = Watch(tree, reported)
    assert watch.changed() is None
    reported.write_text(f"{outside}\n")
    assert watch.changed() is None  # it is watched from now on
    outside.write_text("x = 1")
    assert watch.changed() == f"{outside}"
    (tree / "venv/b.py").write_text("x = 1")
    (tree / "notes.txt").touch()
    assert watch.changed() is None
    (tree / "new.py").touch()
    assert watch.changed() == f"{tree / 'new.py'}"
    (tree / "a.py").unlink()
    assert watch.changed() == f"{tree / 'a.py'}"
    assert watch.changed() is None
