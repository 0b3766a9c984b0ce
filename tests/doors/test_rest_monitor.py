"""``GET /tasks/<id>``: the ETag, and the long poll with and without one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from taskrow.domain.ids import new_id
from taskrow.domain.task import Status
from tests.doors.rest import Api, problem
from tests.doors.site import soon

Polling = Callable[..., "Future[TestResponse]"]


@pytest.fixture
def polling(api: Api) -> Iterator[Polling]:
    """Ask in a thread, so that the test can change something meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda url, **headers: pool.submit(api.get, url, headers=headers)


def running(api: Api, gate: Path, owner: str = "me") -> str:
    """A task that has said its first word and stands before the gate."""
    task_id = api.submit("stand", str(gate), owner=owner)
    soon(lambda: api.engine.get(task_id).progress)
    return task_id


def is_waited_for(api: Api) -> None:
    """Return when the watcher has somebody to call."""
    soon(lambda: True if api.engine.watcher._watches else None)


def test_the_same_document_has_the_same_etag_and_is_not_sent_again(api: Api) -> None:
    task_id = api.submit("add", 1, 2)
    api.over(task_id)
    first = api.get(f"/tasks/{task_id}")
    etag = first.headers["ETag"]
    assert first.status_code == 200
    assert not etag.startswith("W/")
    for known in (etag, f'"other", {etag}', f"W/{etag}", "*"):
        again = api.get(f"/tasks/{task_id}", headers={"If-None-Match": known})
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["ETag"] == etag
        assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        assert "Content-Type" not in again.headers
    for other in ('"other"', "", "junk", '"', etag.strip('"') + "0"):
        again = api.get(f"/tasks/{task_id}", headers={"If-None-Match": other})
        assert (again.status_code, again.headers["ETag"]) == (200, etag)


def test_the_etag_changes_with_the_document(api: Api) -> None:
    task_id = api.submit("add", 1, 2, later=True)
    before = api.get(f"/tasks/{task_id}").headers["ETag"]
    api.engine.cancel(task_id)
    after = api.get(f"/tasks/{task_id}", headers={"If-None-Match": before})
    assert after.status_code == 200
    assert after.headers["ETag"] != before


def test_a_202_is_never_a_304(api: Api) -> None:
    accepted = api.post("/later/x", data="one")
    answer = api.get(accepted.headers["Location"], headers={"If-None-Match": "*"})
    assert answer.status_code in (201, 202)
    task_id = api.submit("add", 1, later=True)
    assert api.get(f"/tasks/{task_id}/result", headers={"If-None-Match": "*"}).status_code == 202
    api.engine.cancel(task_id)


def test_retry_after_is_there_until_it_is_over(api: Api) -> None:
    task_id = api.submit("add", 1, later=True)
    assert 1 <= int(api.get(f"/tasks/{task_id}").headers["Retry-After"]) <= 15
    api.engine.cancel(task_id)
    assert "Retry-After" not in api.get(f"/tasks/{task_id}").headers


def test_a_head_has_the_headers_of_a_get(api: Api) -> None:
    task_id = api.submit("add", 1, 2)
    api.over(task_id)
    head, full = api.ask("HEAD", f"/tasks/{task_id}"), api.get(f"/tasks/{task_id}")
    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(full.headers)


def test_without_an_etag_the_wait_is_for_the_end(
    api: Api, polling: Polling, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    task_id = running(api, gate)
    asked = polling(f"/tasks/{task_id}", Prefer="wait=10")
    is_waited_for(api)
    (tmp_path / "gate.1").touch()  # progress alone does not end the wait
    soon(lambda: True if '"current": 1' in str(api.engine.get(task_id).progress) else None)
    assert not asked.done()
    gate.touch()
    answer = asked.result(30)
    assert (answer.status_code, answer.get_json()["status"]) == (200, "succeeded")
    assert answer.headers["Preference-Applied"] == "wait=10"


def test_with_an_etag_the_wait_is_for_progress(api: Api, polling: Polling, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    task_id = running(api, gate)
    etag = api.get(f"/tasks/{task_id}").headers["ETag"]
    asked = polling(f"/tasks/{task_id}", Prefer="wait=10", **{"If-None-Match": etag})
    is_waited_for(api)
    (tmp_path / "gate.1").touch()
    answer = asked.result(30)
    assert answer.status_code == 200
    assert answer.get_json()["progress"] == {"current": 1, "total": 10, "percent": 10}
    assert answer.headers["ETag"] != etag
    gate.touch()


def test_with_an_etag_the_wait_is_for_a_cancel_request_too(
    api: Api, polling: Polling, tmp_path: Path
) -> None:
    task_id = api.submit("add", 1, later=True)
    etag = api.get(f"/tasks/{task_id}").headers["ETag"]
    asked = polling(f"/tasks/{task_id}", Prefer="wait=10", **{"If-None-Match": etag})
    is_waited_for(api)
    api.engine.cancel(task_id)
    assert asked.result(30).get_json()["status"] == "cancelled"


def test_a_wait_in_vain_ends_with_what_the_client_has(api: Api) -> None:
    task_id = api.submit("add", 1, later=True)
    url, headers = f"/tasks/{task_id}", {"Prefer": "wait=1"}
    full = api.get(url, headers=headers)
    assert (full.status_code, full.get_json()["status"]) == (200, "scheduled")
    began = time.monotonic()
    answer = api.get(url, headers=headers | {"If-None-Match": full.headers["ETag"]})
    assert time.monotonic() - began >= 0.9
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (304, "wait=1")
    api.engine.cancel(task_id)


def test_what_is_over_or_unknown_to_the_client_is_not_waited_for(api: Api) -> None:
    task_id = api.submit("add", 1, 2)
    api.over(task_id)
    began = time.monotonic()
    url, headers = f"/tasks/{task_id}", {"Prefer": "wait=10"}
    etag = api.get(url, headers=headers).headers["ETag"]
    assert api.get(url, headers=headers | {"If-None-Match": etag}).status_code == 304
    later = api.submit("add", 1, later=True)
    other = api.get(f"/tasks/{later}", headers=headers | {"If-None-Match": '"old"'})
    assert other.status_code == 200
    assert time.monotonic() - began < 9
    api.engine.cancel(later)


def test_many_wait_at_once_for_different_things(api: Api, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    task_id = running(api, gate)
    etag = api.get(f"/tasks/{task_id}").headers["ETag"]
    wait = {"Prefer": "wait=10"}
    with ThreadPoolExecutor(8) as pool:
        ends = [pool.submit(api.get, f"/tasks/{task_id}", headers=wait) for _ in range(4)]
        known = wait | {"If-None-Match": etag}
        changes = [pool.submit(api.get, f"/tasks/{task_id}", headers=known) for _ in range(4)]
        is_waited_for(api)
        (tmp_path / "gate.1").touch()
        assert all(one.result(30).status_code == 200 for one in changes)
        gate.touch()
        assert {one.result(30).get_json()["status"] for one in ends} == {"succeeded"}


def test_a_task_of_somebody_else_is_not_there(api: Api) -> None:
    task_id = api.submit("add", 1, 2)
    api.is_in(task_id, Status.SUCCEEDED)
    unknown = new_id(api.engine.clock())
    for owner in ("you", None, "admin"):  # to look is not among what the admin was given
        for url in (f"/tasks/{task_id}", f"/tasks/{task_id}/result"):
            hidden = problem(api.get(url, owner), 404, "no-such-task")
            assert hidden == problem(api.get(url.replace(task_id, unknown)), 404, "no-such-task")


@pytest.mark.parametrize("given", ["wait=", "wait=x", "wait=-1", "wait=1.5"])
def test_a_wait_that_is_none_is_400(api: Api, given: str) -> None:
    task_id = api.submit("add", 1, 2)
    for url in (f"/tasks/{task_id}", f"/tasks/{task_id}/result"):
        problem(api.get(url, headers={"Prefer": given}), 400, "bad-preference")


def test_a_parameter_that_nobody_asked_for_is_somebody_elses(api: Api) -> None:
    task_id = api.submit("add", 1, 2)
    assert api.get(f"/tasks/{task_id}?_=123&token=abc").status_code == 200
