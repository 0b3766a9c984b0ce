"""``logs`` of ``GET /tasks/<id>``: what attempts logged, for those who may see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask, abort

from taskrow import TaskQueue
from tests.doors.rest import Api

WORDS = "<script>alert(1)</script>"


def logs(api: Api, task_id: str, owner: str | None) -> Any:
    answer = api.get(f"/tasks/{task_id}", owner)
    assert answer.content_type == "application/json"
    return answer.get_json()["logs"]


def test_a_developer_sees_what_each_attempt_of_its_own_tasks_logged(api: Api) -> None:
    task_id = api.submit("talk", WORDS, 2, owner="developer")
    api.over(task_id)
    told = logs(api, task_id, "developer")
    assert [one["attempt"] for one in told] == [1, 2]
    assert [one["text"].partition("Z ")[2] for one in told] == [
        f"WARNING rest: {WORDS} 1", f"WARNING rest: {WORDS} 2",
    ]  # fmt: skip


def test_of_many_attempts_the_last_ten_are_shown(api: Api) -> None:
    task_id = api.submit("talk", "again", 12, owner="developer")
    api.over(task_id)
    assert [one["attempt"] for one in logs(api, task_id, "developer")] == [*range(3, 13)]


def test_others_see_none(api: Api) -> None:
    mine, nobodys = api.submit("talk", WORDS), api.submit("talk", WORDS, owner=None)
    for task_id in (mine, nobodys):
        api.over(task_id)
    assert logs(api, mine, "me") is None
    assert logs(api, nobodys, "me") is None
    assert logs(api, nobodys, "developer") is None  # what nobody submitted is nobody's own
    assert [one["attempt"] for one in logs(api, nobodys, "admin")] == [1]
    assert api.get(f"/tasks/{mine}", "developer").status_code == 404
    assert "script" not in api.get("/tasks", "developer").text


def test_what_said_nothing_has_an_empty_list(api: Api) -> None:
    task_id = api.submit("add", 1, 2, owner="developer")
    api.over(task_id)
    assert logs(api, task_id, "developer") == []


@pytest.mark.parametrize("opened", [None, lambda _, verb: verb != "logs", lambda *_: abort(401)])
def test_they_are_closed_until_an_application_opens_them(tmp_path: Path, opened: Any) -> None:
    app = Flask("closed", instance_path=str(tmp_path))
    queue = TaskQueue(app)
    if opened is not None:
        queue.access(opened)
    task_id = queue.task(name="work")(lambda: app.logger.warning(WORDS)).delay().id
    answer = app.test_client().get(f"/tasks/{task_id}")
    assert (answer.status_code, answer.get_json()["logs"]) == (200, None)
    app.extensions["taskrow"].close()
