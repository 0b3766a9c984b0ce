"""Door 1: what the view answered is what the client gets, byte for byte, as often as it asks."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.wrappers import Response

from taskrow.domain.task import Status
from tests.apps.doors.views import KINDS
from tests.doors.site import MAX_BODY, Site

# A stored answer has a length where a stream had none; hooks run twice (test_views.py).
NOT_COMPARED = {"Date", "Content-Length", "X-After"}


def parts(response: Response) -> tuple[int, list[tuple[str, str]], bytes]:
    headers = sorted((k, v) for k, v in response.headers.items() if k not in NOT_COMPARED)
    return response.status_code, headers, response.data


@pytest.mark.parametrize("kind", KINDS)
def test_the_worker_answers_what_the_web_would_have(site: Site, kind: str) -> None:
    with site.app.test_client().get(f"/now/{kind}") as direct:
        status, headers, body = parts(direct)
    if "Cache-Control" not in dict(headers):
        headers.append(("Cache-Control", "private, no-store"))
    headers = sorted([*headers, ("AsyncResult", str(status))])
    replay = site.ask(f"/later/{kind}")
    expected = body.replace(b"/now/", b"/later/")  # our own 404 page names the path
    assert parts(replay) == (status, headers, expected)
    assert int(replay.headers.get("Content-Length", len(expected))) == len(expected)


def test_a_hundred_repeated_looks_see_the_same(site: Site) -> None:
    accepted, client = site.submit("/later/created"), site.app.test_client()
    first, url = site.answer(accepted), accepted.headers["Location"]
    seen = {(r.status_code, str(r.headers), r.data) for r in (client.get(url) for _ in range(100))}
    assert seen == {(201, str(first.headers), first.data)}


def test_a_look_with_head_has_the_headers_without_the_body(site: Site) -> None:
    accepted = site.submit("/later/created")
    whole = site.answer(accepted)
    look = site.app.test_client().head(accepted.headers["Location"])
    assert (look.status_code, look.data) == (201, b"")
    assert str(look.headers) == str(whole.headers)


def test_until_then_the_monitor_says_202_and_may_not_be_kept(in_app: Site, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    in_app.occupy(gate)
    accepted = in_app.submit("/later/text")
    where = accepted.headers["Location"]
    polled = in_app.app.test_client().get(where)
    assert (polled.status_code, polled.data) == (202, b"")
    assert polled.headers["Location"] == where
    assert polled.headers["Retry-After"] == "1"
    assert polled.headers["Cache-Control"] == "no-store"
    gate.touch()
    assert in_app.answer(accepted).status_code == 200


def test_a_cookie_that_the_view_set_is_not_handed_to_whoever_asks(site: Site) -> None:
    eaten = site.ask("/cookie")
    assert (eaten.text, "Set-Cookie" in eaten.headers) == ("eaten", False)


def test_a_conditional_request_is_answered_as_the_view_did(site: Site) -> None:
    fresh = site.ask("/later/attachment")
    assert fresh.headers["Content-Disposition"] == "attachment; filename=hooks.py"
    known = {"If-None-Match": fresh.headers["ETag"]}
    assert parts(site.ask("/later/attachment", headers=known))[::2] == (304, b"")
    part = site.ask("/later/attachment", headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.data) == (206, fresh.data[:10])


def test_an_answer_over_the_limit_fails_and_says_why(site: Site) -> None:
    accepted = site.submit(f"/bytes/{MAX_BODY + 1}")
    assert site.answer(accepted).status_code == 500
    task = site.task_of(accepted)
    assert (task.status, task.attempt) == (Status.FAILED, 1)
    assert "300,001 bytes, over the limit of 300,000" in (task.error or "")
    assert "TASKROW_MAX_BODY" in (task.error or "")


def test_an_answer_at_the_limit_is_kept(site: Site) -> None:
    assert site.ask(f"/bytes/{MAX_BODY}").data == b"x" * MAX_BODY
