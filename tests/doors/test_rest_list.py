"""``GET /tasks``: filters, pages, whose tasks they are, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, request

from taskrow import TaskQueue
from taskrow.domain.times import to_text
from tests.doors.rest import Api, problem
from tests.doors.test_rest_monitor import running


@pytest.fixture
def owner(request: pytest.FixtureRequest) -> str:
    """A client of this test alone."""
    return str(request.node.name)[:200]


def listed(api: Api, owner: str, **query: Any) -> list[str]:
    """The ids on the first page."""
    answer = api.get(f"/tasks?{urlencode(query, doseq=True)}", owner)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.get_json()["items"]]


def walk(api: Api, owner: str, url: str) -> Iterator[list[str]]:
    """The ids of page after page, as the Link headers lead."""
    following: str | None = url
    while following is not None:
        answer = api.get(following, owner)
        assert answer.status_code == 200, answer.text
        told = answer.get_json()
        yield [item["id"] for item in told["items"]]
        link = answer.headers.get("Link")
        assert (link is None) == (told["next"] is None)
        following = None if link is None else link.removeprefix("<").partition(">")[0]
        assert link is None or link.endswith('; rel="next"')


def test_the_newest_come_first_and_each_is_described(api: Api, owner: str) -> None:
    ids = [api.submit("add", number, 1, owner=owner) for number in range(3)]
    last = api.over(ids[-1])
    answer = api.get("/tasks", owner)
    assert answer.headers["Cache-Control"] == "private, no-store"
    items = answer.get_json()["items"]
    assert [item["id"] for item in items] == ids[::-1]
    monitor = api.get(f"/tasks/{last.id}", owner).get_json()
    assert items[0] == {k: v for k, v in monitor.items() if k not in ("result", "response", "logs")}
    assert answer.get_json()["next"] is None


def test_what_a_list_is_narrowed_by(api: Api, owner: str, tmp_path: Path) -> None:
    done = api.submit("add", 1, owner=owner)
    failed = api.submit("fail", owner=owner, later=True, queue="mail")
    waits = api.submit("add", 1, owner=owner, later=True, queue="later")
    view = api.post("/later/list", owner, data=owner).headers["Location"].rpartition("/")[2]
    for task_id in (done, view):
        api.over(task_id)
    api.engine.cancel(failed)
    assert listed(api, owner, status="succeeded") == [view, done]
    assert listed(api, owner, status="cancelled,scheduled") == [waits, failed]
    assert listed(api, owner, status=["cancelled", "scheduled"]) == [waits, failed]
    assert listed(api, owner, status="succeeded", kind="task", name="add") == [done]
    assert listed(api, owner, name="add") == [waits, done]
    assert listed(api, owner, queue="mail") == [failed]
    assert listed(api, owner, kind="view") == [view] == listed(api, owner, name="later")
    assert listed(api, owner, kind="task") == [waits, failed, done]
    assert listed(api, owner, kind="task", name="later") == []
    assert listed(api, owner, kind="view", name="add") == []
    assert listed(api, owner, status="running") == []
    assert listed(api, owner, name="' OR 1=1 --", queue="%") == []
    api.engine.cancel(waits)


def test_what_runs_is_found_whatever_lies_above(api: Api, owner: str, tmp_path: Path) -> None:
    task_id = running(api, tmp_path / "gate", owner)
    waits = api.submit("add", 1, later=True, owner=owner)
    assert listed(api, owner, status="running") == [task_id]
    assert task_id in listed(api, "admin", status="running", name="stand")
    assert listed(api, f"not {owner}", status="running") == []
    (tmp_path / "gate").touch()
    api.engine.cancel(waits)


def test_times_are_those_of_the_submit(api: Api, owner: str) -> None:
    ids = [api.submit("add", number, owner=owner) for number in range(3)]
    times = [api.engine.get(task_id).created_at for task_id in ids]
    assert listed(api, owner, since=to_text(times[1])) == ids[:0:-1]
    assert listed(api, owner, until=to_text(times[1])) == ids[1::-1]
    assert listed(api, owner, since=to_text(times[1]), until=to_text(times[1])) == [ids[1]]
    east = (times[1] + timedelta(hours=5, minutes=30)).replace(tzinfo=None)
    assert listed(api, owner, since=f"{east.isoformat()}+05:30") == ids[:0:-1]
    assert listed(api, owner, since="2999-01-01T00:00:00Z") == []
    assert listed(api, owner, until="1999-01-01t00:00:00z") == []
    everything = {"since": "0001-01-01T00:00:00+05:00", "until": "9999-12-31T23:59:59-05:00"}
    assert listed(api, owner, **everything) == ids[::-1]


def test_a_walk_sees_each_task_once_while_others_are_submitted(api: Api, owner: str) -> None:
    ids = [api.submit("add", number, owner=owner) for number in range(7)]
    seen: list[str] = []
    for page in walk(api, owner, "/tasks?limit=2&kind=task"):
        seen += page
        api.submit("add", 0, owner=owner)
    assert seen == ids[::-1]


def test_a_full_last_page_has_no_next_one(api: Api, owner: str) -> None:
    for number in range(4):
        api.submit("add", number, owner=owner)
    assert [len(page) for page in walk(api, owner, "/tasks?limit=2")] == [2, 2]
    assert [len(page) for page in walk(api, owner, "/tasks?limit=100")] == [4]


def test_the_link_keeps_the_filters(api: Api, owner: str) -> None:
    for number in range(3):
        api.submit("add", number, owner=owner, queue="a b&c=ü")
    api.submit("add", 9, owner=owner)
    query = urlencode(
        {"queue": "a b&c=ü", "limit": 1, "status": ["queued", "succeeded", "running"]}, True
    )
    pages = list(walk(api, owner, f"/tasks?{query}"))
    assert [len(page) for page in pages] == [1, 1, 1]


def test_everybody_lists_their_own_and_an_admin_all(api: Api, owner: str) -> None:
    mine = api.submit("add", 1, owner=owner)
    nobodys = api.submit("add", 1, owner=None)
    assert listed(api, owner) == [mine]
    assert listed(api, f"not {owner}"[:200]) == []
    assert api.get("/tasks", None).get_json() == {"items": [], "next": None}
    assert listed(api, "admin", limit=2) == [nobodys, mine]
    problem(api.get("/tasks", "guest"), 403, "closed")


def test_a_cursor_of_one_client_shows_another_one_no_more(api: Api, owner: str) -> None:
    for number in range(2):
        api.submit("add", number, owner=owner)
    cursor = api.get("/tasks?limit=1", owner).get_json()["next"]
    assert api.get(f"/tasks?after={cursor}", "somebody").get_json()["items"] == []


BAD = {
    "limit=0": "limit must be a whole number from 1 to 100, not '0'.",
    "limit=-1": "limit must be",
    "limit=101": "limit must be",
    "limit=1000000000": "limit must be",
    f"limit={'9' * 5000}": "limit must be",
    "limit=abc": "limit must be",
    "limit=": "limit must be",
    "limit=1.5": "limit must be",
    "limit=%C2%B2": "limit must be",
    "limit=1%00": "limit must be",
    "limit=1&limit=2": "limit is given more than once.",
    "status=done": "status must be one of scheduled, queued, running, succeeded, failed, cancelled",
    "status=": "status must be one of",
    "status=queued,": "status must be one of",
    "status=queued&status=x": "status must be one of",
    "kind=job": "kind must be one of view, task, not 'job'.",
    "name=": "name must be 1 to 255 plain characters",
    "name=a%00b": "name must be",
    "name=a%0Ab": "name must be",
    f"name={'a' * 256}": "name must be",
    "queue=%00": "queue must be",
    "since=yesterday": "since must be a time such as 2026-11-21T07:00:00Z",
    "since=2026-11-21": "since must be",
    "since=2026-11-21T07:00:00": "since must be",
    "since=2026-11-21T07:00:00+01:00": "write a + as %2B",
    "since=2026-13-21T07:00:00Z": "since must be",
    "since=2026-11-21T07:00:60Z": "since must be",
    "until=2026-11-21T07:00:00%2B25:00": "until must be",
    "until=%D9%A2026-11-21T07:00:00Z": "until must be",
    "until=0": "until must be",
}


@pytest.mark.parametrize("query", BAD, ids=[query[:40] for query in BAD])
def test_a_value_that_is_none_is_400_and_says_so(api: Api, query: str) -> None:
    assert BAD[query] in problem(api.get(f"/tasks?{query}"), 400, "bad-parameter")


def test_a_parameter_that_there_is_not_is_400_and_the_nearest_is_named(api: Api) -> None:
    for name in ("statuss", "Status"):
        detail = problem(api.get(f"/tasks?{name}=failed"), 400, "unknown-parameter")
        assert detail.endswith("did you mean 'status'?")
    assert "there are after, kind" in problem(api.get("/tasks?\0"), 400, "unknown-parameter")
    problem(api.get("/tasks?%ED%A0%80=1"), 400, "unknown-parameter")


CURSORS = [
    "", "x", "0", "-1", "1", "c", "c0", "c01", "cg", "C1", "c1%00", "c1%0A", "c%2B1", "c1_1", "cc ",
    "c-1", "ü", "%00", "a" * 5000, f"c{'f' * 16}", "!!!!", "%F0%9F%98%80", "c%D9%A1",
]  # fmt: skip


@pytest.mark.parametrize("cursor", CURSORS, ids=[cursor[:20] for cursor in CURSORS])
def test_a_cursor_that_is_none_of_ours_is_400(api: Api, cursor: str) -> None:
    problem(api.get(f"/tasks?after={cursor}"), 400, "bad-cursor")


def test_a_cursor_before_the_first_or_after_the_last_row_is_good(api: Api, owner: str) -> None:
    task_id = api.submit("add", 1, owner=owner)
    assert api.get("/tasks?after=c1", owner).get_json() == {"items": [], "next": None}
    assert listed(api, owner, after=f"c{'f' * 15}") == [task_id]


# -- the path ---


def at(tmp_path: Path) -> Flask:
    return Flask("with its own", instance_path=str(tmp_path))


def test_an_applications_own_tasks_page_wins_even_when_it_comes_later(tmp_path: Path) -> None:
    app = at(tmp_path)
    TaskQueue(app)
    app.get("/tasks", endpoint="own")(lambda: "my own page")
    app.get("/tasks/openapi.json", endpoint="document")(lambda: "my own document")
    client = app.test_client()
    assert client.get("/tasks").text == "my own page"
    assert client.get("/tasks/openapi.json").text == "my own document"
    problem(client.post("/tasks"), 403, "closed")


def test_an_applications_own_patterns_win_too(tmp_path: Path) -> None:
    app = at(tmp_path)
    TaskQueue(app)
    app.get("/<page>", endpoint="page")(lambda page: f"page {page}")
    app.get("/tasks/<thing>", endpoint="thing")(lambda thing: f"thing {thing}")
    client = app.test_client()
    assert client.get("/tasks").text == "page tasks"
    assert client.get("/tasks/openapi.json").text == "thing openapi.json"


def test_the_list_can_be_given_another_path(tmp_path: Path) -> None:
    app = at(tmp_path)
    queue = TaskQueue(app)
    queue.access(lambda *_: "all")
    work = queue.task(name="work")(lambda: None)
    app.add_url_rule("/api/tasks", view_func=app.view_functions["taskrow.tasks"])
    for _ in range(2):
        work.delay()
    answer = app.test_client().get("/api/tasks?limit=1")
    assert len(answer.get_json()["items"]) == 1
    assert answer.headers["Link"].startswith("</api/tasks?limit=1&after=")
    app.extensions["taskrow"].close()


def test_another_method_is_a_405_that_says_which_there_are(api: Api) -> None:
    answer = api.ask("PUT", "/tasks")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    problem(api.ask("BREW", "/tasks/x/retry"), 405, "method-not-allowed")
    problem(api.ask("DELETE", "/status/x"), 405, "method-not-allowed")
    options = api.ask("OPTIONS", "/tasks")
    assert (options.status_code, options.data) == (200, b"")
    assert set(options.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


def test_the_applications_own_405_is_left_alone(tmp_path: Path) -> None:
    app = at(tmp_path)
    TaskQueue(app)
    app.get("/mine")(lambda: "mine")
    client = app.test_client()
    assert client.post("/mine").mimetype == "text/html"
    assert client.put("/tasks").mimetype == "application/problem+json"

    def own(error: Any) -> Response:
        return Response(f"not {request.method}, but {sorted(error.valid_methods)}", 405)

    app = at(tmp_path)
    TaskQueue(app)
    app.register_error_handler(405, own)
    text = "not PUT, but ['GET', 'HEAD', 'OPTIONS', 'POST']"
    assert app.test_client().put("/tasks").text == text


def test_where_a_path_is_shared_the_405_is_the_applications(tmp_path: Path) -> None:
    app = at(tmp_path)
    TaskQueue(app)
    app.get("/tasks", endpoint="own")(lambda: "my own page")
    answer = app.test_client().put("/tasks")
    assert (answer.status_code, answer.mimetype) == (405, "text/html")
