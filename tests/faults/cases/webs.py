"""Web processes that die on the way to an answer, and clients that ask again."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPException

from tests.conformance.client import post, task_id
from tests.faults.board import case
from tests.faults.scene import Scene, Shim


def _count(scene: Scene) -> int:
    with closing(sqlite3.connect(scene.file)) as file:
        return int(file.execute("SELECT count(*) FROM tasks").fetchone()[0])


@case(4, "the web process dies between the commit and the 202", expected="asking again: one row")
def dead_before_the_answer(scene: Scene) -> str:
    shim = Shim("inject", scene)
    web = scene.web(shim.env)
    key = "pay-1"
    assert web.submit().status == 202  # the tables are made
    shim.set("s")
    died = False
    try:
        web.submit(Idempotency_Key=key)
    except (OSError, HTTPException):
        died = True
    shim.clear()
    web.process.end_group()
    web = scene.web()
    assert died
    assert _count(scene) == 2  # it was committed, and nobody heard of it
    again, once_more = web.submit(Idempotency_Key=key), web.submit(Idempotency_Key=key)
    assert (again.status, once_more.status) == (202, 202)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert task_id(again) == task_id(once_more)
    assert _count(scene) == 2
    return "no answer; the same key gives the task that was written, one row"


@case(36, "fifty submits with one key at once", expected="one row, one id; another body: 422")
def many_with_one_key(scene: Scene) -> str:
    web = scene.web()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: web.submit(Idempotency_Key="once"), range(50)))
    assert {answer.status for answer in answers} == {202}
    assert len({task_id(answer) for answer in answers}) == 1
    with suppress(OSError):
        other = post(f"{web.base}/view", b"another body", Idempotency_Key="once")
    assert other.status == 422
    assert _count(scene) == 1
    return "50 times 202 with one id, one row; 422 for another body"
