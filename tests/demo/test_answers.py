"""What the application answers, and its worker."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from taskrow.demo.client import Reply, ask
from tests.support.processes import ROOT, ProcessFactory, eventually


def test_the_long_task_is_submitted_as_in_the_seed(port: int) -> None:
    reply = ask(port, "POST", "/longtask")
    assert (reply.status, reply.json()) == (202, {})
    first = {"state": "PENDING", "current": 0, "total": 1, "status": "Pending..."}
    assert ask(port, "GET", reply.location).json() == first


@pytest.mark.parametrize("query", ["steps=0", "steps=1001", "pause=-1", "pause=11", "pause=nan"])
def test_a_long_task_out_of_bounds_is_refused(port: int, query: str) -> None:
    assert ask(port, "POST", f"/longtask?{query}").status == 400


def test_an_answer_is_text_whatever_was_asked(port: int, launch: ProcessFactory) -> None:
    launch.worker("--runners", "1", app="taskrow.demo.application")
    waiting = ask(port, "GET", "/answer/%3Cb%3Elife%3C/b%3E")
    assert (waiting.status, waiting.body) == (202, "accepted")

    def answered() -> Reply | None:
        reply = ask(port, "GET", waiting.location)
        return None if reply.status == 202 else reply

    found = eventually(answered)
    assert found is not None
    assert (found.status, found.body) == (200, "The answer is: <b>life</b>")
    assert found.headers["Content-Type"].startswith("text/plain")
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]


def test_the_feed_lists_the_newest_tasks_first(port: int) -> None:
    ids = [ask(port, "POST", "/longtask").location.rpartition("/")[2] for _ in range(3)]
    feed = ask(port, "GET", "/recent").json()
    assert [task["id"] for task in feed["tasks"]] == ids[::-1]
    assert feed["worker"] is None
    first = ask(port, "GET", f"/tasks/{ids[0]}").json()
    assert feed["tasks"][-1] == first


def test_worker_py_is_the_worker_of_the_demo(port: int, sqlite_url: str) -> None:
    location = ask(port, "POST", "/longtask?steps=1&pause=0").location
    subprocess.run(
        [sys.executable, str(ROOT / "worker.py"), "--burst"],
        env=os.environ | {"FLASK_TASKROW_DATABASE_URL": sqlite_url},
        check=True,
        timeout=30,
    )
    assert ask(port, "GET", location).json()["result"] == 42
