"""Flask-CORS: the browser of another origin sees the 202, the answer, and each header once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from werkzeug.test import TestResponse

from tests.coexistence.site import Site, Visitor, make_app

APP = "tests.coexistence.apps.cors:create_app"
A, B = "https://a.example", "https://b.example"
EXPOSED = {"Location", "Retry-After", "AsyncResult", "X-Pages"}


@pytest.fixture
def decorated_only(site: Site) -> Iterator[Site]:
    """The application without CORS of its own, with the same rows and the same worker."""
    app = make_app("tests.coexistence.apps.cors:create_plain_app", site.database_url)
    yield Site(app, site.worker, site.database_url)
    app.extensions["taskrow"].close()


def cors(response: TestResponse) -> dict[str, list[str]]:
    """Each of its headers with every value that it has."""
    names = {name for name, _ in response.headers if name.startswith("Access-Control-")}
    return {name: response.headers.getlist(name) for name in names}


def allowed(response: TestResponse) -> list[str]:
    exposed = cors(response)["Access-Control-Expose-Headers"]
    assert len(exposed) == 1
    assert set(exposed[0].split(", ")) == EXPOSED
    return cors(response)["Access-Control-Allow-Origin"]


@pytest.mark.parametrize("url", ["/report", "/decorated"])
def test_every_answer_on_the_way_has_its_headers_once(visitor: Visitor, url: str) -> None:
    accepted = visitor.submit(url, "POST", headers={"Origin": A})
    assert allowed(accepted) == [A]
    answer = visitor.client.get(accepted.headers["Location"], headers={"Origin": A})
    while answer.status_code == 202:
        answer = visitor.client.get(accepted.headers["Location"], headers={"Origin": A})
    assert (answer.status_code, answer.headers["X-Pages"]) == (201, "12")
    assert allowed(answer) == [A]
    assert cors(answer)["Access-Control-Allow-Credentials"] == ["true"]
    assert "Origin" in answer.headers["Vary"]


def test_the_answer_is_for_the_origin_that_asks_now(visitor: Visitor) -> None:
    accepted = visitor.submit("/report", "POST", headers={"Origin": A})
    visitor.answer(accepted)
    location = accepted.headers["Location"]
    assert allowed(visitor.open(location, headers={"Origin": B})) == [B]
    stranger = visitor.open(location, headers={"Origin": "https://evil.example"})
    assert cors(stranger) == {}


@pytest.mark.parametrize("url", ["/report", "/decorated"])
def test_a_preflight_submits_nothing(site: Site, visitor: Visitor, url: str) -> None:
    asked = {"Origin": A, "Access-Control-Request-Method": "POST"}
    before = site.count()
    preflight = visitor.open(url, "OPTIONS", headers=asked)
    assert preflight.status_code == 200
    assert cors(preflight)["Access-Control-Allow-Origin"] == [A]
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert site.count() == before


def test_the_json_monitor_has_them_too(visitor: Visitor) -> None:
    accepted = visitor.submit("/report", "POST", headers={"Origin": A})
    task_id = accepted.headers["Location"].rpartition("/")[2]
    assert allowed(visitor.open(f"/tasks/{task_id}", headers={"Origin": A})) == [A]


def test_where_only_the_view_is_decorated_its_stored_answer_keeps_its_headers(
    decorated_only: Site,
) -> None:
    visitor = decorated_only.visitor({"Origin": A})
    accepted = visitor.submit("/decorated", "POST")
    assert allowed(accepted) == [A]
    assert allowed(visitor.answer(accepted)) == [A]
    stranger = decorated_only.visitor({"Origin": B}).answer(accepted)
    assert cors(stranger) == {}
