"""``POST /tasks``: what can be submitted by name, and everything that is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from taskrow import OptionError, TaskQueue
from taskrow.domain.task import Status
from taskrow.domain.times import to_text
from tests.doors.rest import Api, problem

JSON = "application/json"


def send(api: Api, body: bytes | str, content_type: str | None = JSON, **headers: str) -> Any:
    return api.post("/tasks", data=body, content_type=content_type, headers=headers)


def test_a_function_that_says_so_is_submitted_by_its_name(api: Api) -> None:
    answer = api.post("/tasks", json={"name": "add", "args": [1], "kwargs": {"b": 2}})
    assert answer.status_code == 202
    told = answer.get_json()
    assert answer.headers["Location"] == told["links"]["self"] == f"/tasks/{told['id']}"
    assert (told["kind"], told["name"], told["queue"]) == ("task", "add", "default")
    assert api.get(told["links"]["result"], headers={"Prefer": "wait=10"}).get_json()["result"] == 3
    assert api.engine.get(told["id"]).owner == "me"


def test_the_options_of_one_task(api: Api) -> None:
    now = api.engine.clock()
    task_id = api.submit("add", 1, queue="slow", priority=7, countdown=1.5e3)
    row = api.engine.get(task_id)
    assert (row.queue, row.priority, row.status) == ("slow", 7, Status.SCHEDULED)
    assert timedelta(seconds=1490) < row.run_at - now < timedelta(seconds=1560)
    later = (now + timedelta(days=1)).replace(microsecond=0)
    other = api.submit("add", 1, eta=to_text(later))
    assert api.engine.get(other).run_at == later
    past = api.submit("add", 1, eta="1999-01-01T00:00:00Z", priority=2.0)
    assert api.over(past).status is Status.SUCCEEDED
    for one in (task_id, other):
        api.engine.cancel(one)


def test_with_prefer_the_answer_waits_for_the_end(api: Api) -> None:
    answer = api.post("/tasks", json={"name": "add", "args": [1]}, headers={"Prefer": "wait=10"})
    told = answer.get_json()
    assert (answer.status_code, told["status"], told["result"]) == (202, "succeeded", 1)
    assert answer.headers["Preference-Applied"] == "wait=10"
    assert "Retry-After" not in answer.headers


def test_the_same_key_finds_the_same_task(api: Api) -> None:
    body, headers = {"name": "add", "args": [5]}, {"Idempotency-Key": "5d1f"}
    first = api.post("/tasks", json=body, headers=headers)
    again = api.post("/tasks", json=body, headers=headers)
    assert first.headers["Location"] == again.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (202, "true")
    other = api.post("/tasks", json=body | {"args": [6]}, headers=headers)
    problem(other, 422, "idempotency-key-reused")
    later = api.post("/tasks", json=body | {"countdown": 9}, headers=headers)
    problem(later, 422, "idempotency-key-reused")
    yours = api.post("/tasks", "you", json=body, headers=headers)
    assert yours.headers["Location"] != first.headers["Location"]
    assert api.over(first.get_json()["id"]).result == "5"


def test_twenty_at_once_with_one_key_make_one_task(api: Api) -> None:
    before, body = api.count(), {"name": "add", "args": [1]}
    with ThreadPoolExecutor(20) as pool:
        asked = [
            pool.submit(api.post, "/tasks", json=body, headers={"Idempotency-Key": "twenty"})
            for _ in range(20)
        ]
        answers = [one.result(30) for one in asked]
    assert {one.status_code for one in answers} == {202}
    assert len({one.headers["Location"] for one in answers}) == 1
    assert api.count() == before + 1


@pytest.mark.parametrize(
    "name",
    ["private", "nothing", "", "view:later", "tests.apps.rest.add", "\0", "\ud800", "ü" * 999],
)
def test_no_name_tells_whether_there_is_such_a_function(api: Api, name: str) -> None:
    before = api.count()
    detail = problem(api.post("/tasks", json={"name": name}), 404, "no-such-task-function")
    assert detail == "No task function of this name can be submitted over HTTP."
    assert api.count() == before


def test_a_guest_submits_nothing(api: Api) -> None:
    for name in ("add", "nothing"):
        problem(api.post("/tasks", "guest", json={"name": name}), 403, "closed")


def nested(depth: int) -> str:
    return '{"name": "echo", "args": ' + "[" * depth + "]" * depth + "}"


BAD: dict[str, tuple[str | bytes, int, str, str]] = {
    "nothing": ("", 400, "bad-json", "The body is not JSON"),
    "a word": ("add", 400, "bad-json", "The body is not JSON"),
    "half": ('{"name": "add"', 400, "bad-json", "The body is not JSON"),
    "two": ('{"name": "add"}{}', 400, "bad-json", "The body is not JSON"),
    "no utf-8": (b'{"name": "\xff"}', 400, "bad-json", "The body is not JSON"),
    "utf-16": ('{"name": "add"}'.encode("utf-16"), 400, "bad-json", "The body is not JSON"),
    "nul": (b"\0", 400, "bad-json", "The body is not JSON"),
    "nan": ('{"name": "echo", "args": [NaN]}', 400, "bad-json", "NaN is not in the standard"),
    "infinity": ('{"name": "echo", "countdown": Infinity}', 400, "bad-json", "Infinity"),
    "5,000 deep": (nested(5000), 400, "bad-json", "nested more than 200 deep"),
    "150 deep": (nested(150), 422, "bad-arguments", "nested more than 100 deep"),
    "a wide number": (f'{{"name": "echo", "args": [{"9" * 5000}]}}', 400, "bad-json", "limit"),
    "a large number": (f'{{"name": "echo", "args": [{"9" * 999}]}}', 422, "bad-arguments", "bits"),
    "an endless number": ('{"name": "echo", "args": [1e999]}', 422, "bad-arguments", "inf"),
    "a list": ("[]", 422, "bad-member", "The body must be a JSON object."),
    "null": ("null", 422, "bad-member", "The body must be a JSON object."),
    "no name": ("{}", 422, "bad-member", "The member 'name' is missing."),
    "a number as name": ('{"name": 1}', 422, "bad-member", "name must be a text."),
    "args": ('{"name": "add", "args": {}}', 422, "bad-member", "args must be a list."),
    "null args": ('{"name": "add", "args": null}', 422, "bad-member", "args must be a list."),
    "kwargs": ('{"name": "add", "kwargs": []}', 422, "bad-member", "kwargs must be an object."),
    "queue": ('{"name": "echo", "queue": 1}', 422, "bad-member", "queue must be"),
    "nul queue": ('{"name": "echo", "queue": "a\\u0000"}', 422, "bad-member", "queue must be"),
    "no queue": ('{"name": "echo", "queue": ""}', 422, "bad-member", "queue must be"),
    "surrogate": ('{"name": "echo", "queue": "\\ud800"}', 422, "bad-member", "queue must be"),
    "priority": ('{"name": "echo", "priority": 1.5}', 422, "bad-member", "priority must be"),
    "true priority": ('{"name": "echo", "priority": true}', 422, "bad-member", "priority must"),
    "vast priority": ('{"name": "echo", "priority": 1e30}', 422, "bad-member", "priority must"),
    "countdown": ('{"name": "echo", "countdown": -1}', 422, "bad-member", "countdown must be"),
    "vast countdown": ('{"name": "echo", "countdown": 1e999}', 422, "bad-member", "countdown"),
    "text countdown": ('{"name": "echo", "countdown": "5"}', 422, "bad-member", "countdown"),
    "eta": ('{"name": "echo", "eta": "soon"}', 422, "bad-member", "eta must be a time such as"),
    "no zone": ('{"name": "echo", "eta": "2026-11-21T07:00:00"}', 422, "bad-member", "eta must"),
    "number eta": ('{"name": "echo", "eta": 1}', 422, "bad-member", "eta must be a time"),
    "both": (
        '{"name": "echo", "countdown": 1, "eta": "2026-11-21T07:00:00Z"}',
        422, "bad-member", "give a countdown or an eta, not both",
    ),
    "unknown": ('{"name": "add", "argz": [1]}', 422, "unknown-member", "did you mean 'args'?"),
    "too few": ('{"name": "add"}', 422, "bad-arguments", "missing a required argument: 'a'"),
    "too many": ('{"name": "add", "args": [1, 2, 3]}', 422, "bad-arguments", "too many"),
    "wrong name": ('{"name": "add", "kwargs": {"c": 1}}', 422, "bad-arguments", "cannot be called"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_a_body_that_is_none_is_refused_and_writes_nothing(api: Api, what: str) -> None:
    body, code, kind, words = BAD[what]
    before = api.count()
    assert words in problem(send(api, body), code, kind)
    assert api.count() == before


NO_JSON = [
    None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/json; charset=latin-1", "application/json; charset=utf-16", "app", "\xff/x",
]  # fmt: skip


@pytest.mark.parametrize("content_type", NO_JSON)
def test_only_json_in_utf_8_is_taken(api: Api, content_type: str | None) -> None:
    body = json.dumps({"name": "add", "args": [1]})
    problem(send(api, body, content_type), 415, "not-json")


def test_a_charset_that_is_utf_8_is_taken(api: Api) -> None:
    body = json.dumps({"name": "add", "args": [1]})
    assert send(api, body, "application/json; charset=UTF-8").status_code == 202


def test_too_much_is_413_and_writes_nothing(api: Api) -> None:
    before = api.count()
    much = json.dumps({"name": "echo", "args": ["x" * 200_000]})
    assert "165,536 bytes" in problem(send(api, much), 413, "body-too-large")
    some = json.dumps({"name": "echo", "args": ["x" * 120_000]})
    assert "over the limit of 100,000" in problem(send(api, some), 422, "bad-arguments")
    assert api.count() == before


def test_an_applications_own_limit_holds_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(api.app.config, "MAX_CONTENT_LENGTH", 100)
    much = json.dumps({"name": "echo", "args": ["x" * 200]})
    assert "100 bytes" in problem(send(api, much), 413, "body-too-large")


@pytest.mark.parametrize("key", ["", " ", '""', "a b", "ü", "a" * 256])
def test_a_key_that_is_none_is_400(api: Api, key: str) -> None:
    body = json.dumps({"name": "add", "args": [1]})
    problem(send(api, body, **{"Idempotency-Key": key}), 400, "bad-idempotency-key")


def test_a_wait_that_is_none_is_400_and_writes_nothing(api: Api) -> None:
    before, body = api.count(), json.dumps({"name": "add", "args": [1]})
    problem(send(api, body, Prefer="wait=soon"), 400, "bad-preference")
    assert api.count() == before


def test_odd_but_good_arguments_arrive(api: Api) -> None:
    odd = ["\0", "\ud800", 2**1000, -0.0, {"": [None]}]
    task_id = api.submit("echo", *odd)
    api.over(task_id)
    assert api.get(f"/tasks/{task_id}/result").get_json()["result"]["args"] == odd


def test_http_is_true_or_false() -> None:
    with pytest.raises(OptionError, match="http must be True or False, not 'yes'"):
        TaskQueue().task(http="yes")
