"""``/tasks/<id>/result``, cancel and retry over HTTP: what they answer, and to whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from taskrow import TaskQueue
from taskrow.domain.ids import new_id
from taskrow.domain.task import Status
from tests.apps.rest import create_app
from tests.doors.rest import Api, problem
from tests.doors.site import soon
from tests.doors.test_ids import JUNK

CANCEL = [("DELETE", "/tasks/{}"), ("POST", "/tasks/{}/cancel")]
CHANGES = [*CANCEL, ("POST", "/tasks/{}/retry")]


def running(api: Api, gate: Path) -> str:
    task_id = api.submit("stand", str(gate))
    soon(lambda: api.engine.get(task_id).progress)
    return task_id


# -- the result ---


def test_the_result_of_a_task_function(api: Api) -> None:
    task_id = api.submit("add", 1, 2)
    answer = api.get(f"/tasks/{task_id}/result", headers={"Prefer": "wait=10"})
    assert (answer.status_code, answer.get_json()) == (200, {"result": 3})
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert "AsyncResult" not in answer.headers


def test_a_result_that_is_not_there_yet(api: Api) -> None:
    task_id = api.submit("add", 1, later=True)
    answer = api.get(f"/tasks/{task_id}/result")
    assert (answer.status_code, answer.data) == (202, b"")
    assert answer.headers["Location"] == f"/tasks/{task_id}/result"
    assert int(answer.headers["Retry-After"]) >= 1
    api.engine.cancel(task_id)
    problem(api.get(f"/tasks/{task_id}/result"), 410, "cancelled")


def test_a_failed_task_function_is_424_and_tells_its_error_but_no_traceback(api: Api) -> None:
    task_id = api.submit("fail", "no <good>")
    api.over(task_id)
    answer = api.get(f"/tasks/{task_id}/result")
    problem(answer, 424, "task-failed")
    assert answer.get_json()["error"] == {"type": "ValueError", "message": "no <good>"}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("kind", "code"), [("page", 201), ("conflict", 409), ("boom", 500)])
def test_the_result_of_a_view_is_its_own_answer(api: Api, kind: str, code: int) -> None:
    accepted = api.post(f"/later/{kind}", data="süß")
    task_id = accepted.headers["Location"].rpartition("/")[2]
    api.over(task_id)
    replayed, result = api.get(f"/status/{task_id}"), api.get(f"/tasks/{task_id}/result")
    assert (result.status_code, result.headers["AsyncResult"]) == (code, str(code))
    assert (result.data, dict(result.headers)) == (replayed.data, dict(replayed.headers))


# -- cancel ---


@pytest.mark.parametrize(("method", "url"), CANCEL)
def test_what_waits_is_cancelled_at_once_and_again(api: Api, method: str, url: str) -> None:
    task_id = api.submit("add", 1, later=True)
    for _ in range(2):
        answer = api.ask(method, url.format(task_id))
        assert (answer.status_code, answer.get_json()["status"]) == (200, "cancelled")
    assert api.engine.get(task_id).attempt == 0


@pytest.mark.parametrize(("method", "url"), CANCEL)
def test_what_runs_is_asked_and_stops(api: Api, tmp_path: Path, method: str, url: str) -> None:
    task_id = running(api, tmp_path / "gate")
    answer = api.ask(method, url.format(task_id))
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/tasks/{task_id}")
    assert answer.get_json()["id"] == task_id
    assert api.over(task_id).status is Status.CANCELLED


@pytest.mark.parametrize(("method", "url"), CANCEL)
def test_what_is_over_stays_as_it_is(api: Api, method: str, url: str) -> None:
    task_id = api.submit("add", 1, 2)
    before = api.over(task_id)
    problem(api.ask(method, url.format(task_id)), 409, "too-late")
    assert api.engine.get(task_id) == before


# -- retry ---


def test_what_is_over_runs_again(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    task_id = api.submit("stand", str(gate))
    api.over(task_id)
    gate.unlink()
    answer = api.post(f"/tasks/{task_id}/retry")
    assert (answer.status_code, answer.headers["Location"]) == (202, f"/tasks/{task_id}")
    assert answer.get_json()["result"] is None
    api.is_in(task_id, Status.RUNNING)
    problem(api.post(f"/tasks/{task_id}/retry"), 409, "not-over")
    gate.touch()
    assert api.over(task_id).attempt == 2


def test_of_two_equal_requests_only_one_runs_again_at_a_time(api: Api) -> None:
    first = api.post("/later/twin", data="same").headers["Location"].rpartition("/")[2]
    api.over(first)
    with api.app.test_request_context():
        key = api.engine.get(first).unique_key
    assert key is not None
    holder = api.engine.submit(
        "add",
        "{}",
        api.engine.registry.get("add").options,
        unique_key=key,
        run_at=api.engine.clock().replace(year=2999),
    )
    problem(api.post(f"/tasks/{first}/retry"), 409, "has-a-twin")
    api.engine.cancel(holder)
    assert api.post(f"/tasks/{first}/retry").status_code == 202


def test_a_view_whose_credentials_are_erased_is_not_retried(api: Api) -> None:
    headers = {"Authorization": "Bearer mine"}
    accepted = api.post("/later/signed", data="x", headers=headers)
    task_id = accepted.headers["Location"].rpartition("/")[2]
    before = api.over(task_id)
    detail = problem(api.post(f"/tasks/{task_id}/retry"), 409, "credentials-erased")
    assert detail.endswith("submit it once more.")
    assert "mine" not in detail
    assert api.engine.get(task_id) == before
    assert api.get(f"/tasks/{task_id}/result").status_code == 201  # its answer is still there


# -- to whom ---


@pytest.mark.parametrize(("method", "url"), CHANGES)
def test_a_task_of_somebody_else_is_not_there(api: Api, method: str, url: str) -> None:
    mine, nobodys = api.submit("add", 1, 2), api.submit("add", 1, 2, owner=None)
    for task_id in (mine, nobodys):
        before = api.over(task_id)
        problem(api.ask(method, url.format(task_id), "you"), 404, "no-such-task")
        problem(api.ask(method, url.format(task_id), None), 404, "no-such-task")
        assert api.engine.get(task_id) == before


@pytest.mark.parametrize(("method", "url"), CHANGES)
def test_an_admin_reaches_everything_and_a_guest_nothing(api: Api, method: str, url: str) -> None:
    task_id = api.submit("add", 1, later=True)
    problem(api.ask(method, url.format(task_id), "guest"), 403, "closed")
    problem(api.ask(method, url.format(new_id(api.engine.clock())), "guest"), 403, "closed")
    answer = api.ask(method, url.format(task_id), "admin")
    assert answer.status_code in (200, 409)
    api.ask("DELETE", f"/tasks/{task_id}", "admin")


@pytest.mark.parametrize(("method", "url"), CHANGES)
@pytest.mark.parametrize("junk", ["unknown", "sql", "very long", "unicode", "upper case", "nul"])
def test_no_task_is_404(api: Api, method: str, url: str, junk: str) -> None:
    path = api.app.url_map.bind("").build("taskrow.task", {"task_id": JUNK[junk]})
    problem(api.ask(method, url.replace("/tasks/{}", path)), 404, "no-such-task")


@pytest.mark.parametrize(
    ("method", "url", "code"),
    [("GET", "/tasks", 403), ("POST", "/tasks", 403)]
    + [(method, url, 403) for method, url in CHANGES]
    + [("GET", "/tasks/{}", 200), ("GET", "/tasks/{}/result", 202)],
)
def test_what_changes_or_lists_is_closed_until_an_application_opens_it(
    tmp_path: Path, method: str, url: str, code: int
) -> None:
    app = Flask("closed", instance_path=str(tmp_path))
    queue = TaskQueue(app)
    work = queue.task(http=True, name="work")(lambda: None)
    task_id = work.apply_async(countdown=3600).id
    client = app.test_client()
    answer = client.open(url.format(task_id), method=method, json={"name": "work"})
    assert answer.status_code == code
    if code == 403:
        assert "opens it with @queue.access" in problem(answer, 403, "closed")
    assert app.extensions["taskrow"].get(task_id).status is Status.SCHEDULED
    app.extensions["taskrow"].close()


@pytest.mark.parametrize(
    ("method", "url"),
    [("GET", "/tasks"), ("POST", "/tasks"), ("GET", "/tasks/{}/result"), *CHANGES],
)
def test_where_the_database_cannot_be_used_it_is_503(tmp_path: Path, method: str, url: str) -> None:
    app = create_app(TASKROW_DATABASE_URL=f"sqlite:///{tmp_path / 'gone' / 'tasks.db'}")
    client, body = app.test_client(), {"name": "add", "args": [1]}
    path = url.format("019aa5b8-9b1c-7f00-8a3b-2f4c5d6e7f80")
    answer = client.open(path, method=method, json=body, headers={"X-Owner": "me"})
    problem(answer, 503, "database-unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert str(tmp_path) not in answer.text
