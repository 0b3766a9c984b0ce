"""Flask-RESTful: marshalling, decorators, parsers and errors are those of a usual resource."""

from __future__ import annotations

import pytest

from tests.coexistence.site import Site, Visitor

APP = "tests.coexistence.apps.restful:create_app"
KEY = {"X-Api-Key": "open sesame"}


def test_what_a_method_returns_is_marshalled_in_the_worker(visitor: Visitor) -> None:
    thing = {"id": 7, "url": "http://localhost/things/7", "made_in": "worker"}
    assert visitor.see("/things/7") == thing


def test_data_status_and_headers_of_a_method_are_the_answer(site: Site, visitor: Visitor) -> None:
    accepted = visitor.submit("/things/7", "PUT", json={"size": "42"})
    made = visitor.answer(accepted)
    assert (made.status_code, made.json) == (201, {"id": 7, "size": 42})
    assert made.headers["X-Made-In"] == "worker"
    task = site.task_of(accepted)
    assert (task.name, task.priority) == ("view:thing.put", 3)


def test_a_request_parser_refuses_in_its_own_words(visitor: Visitor) -> None:
    refused = visitor.ask("/things/7", "PUT", json={"size": "large"})
    assert (refused.status_code, refused.json) == (400, {"message": {"size": "a number, please"}})


def test_an_empty_answer_stays_empty(visitor: Visitor) -> None:
    gone = visitor.ask("/things/7", "DELETE")
    assert (gone.status_code, gone.data) == (204, b"")


def test_an_abort_carries_its_data(visitor: Visitor) -> None:
    missing = visitor.ask("/things/404")
    assert missing.status_code == 404
    assert missing.json == {"message": "no such thing", "made_in": "worker"}


def test_method_decorators_stand_before_the_row(site: Site, visitor: Visitor) -> None:
    before = site.count()
    refused = visitor.open("/locked")
    assert (refused.status_code, refused.json) == (401, {"message": "no key, says the web"})
    assert site.count() == before


def test_method_decorators_are_met_again_in_the_worker(visitor: Visitor) -> None:
    assert visitor.see("/locked", headers=KEY) == {"made_in": "worker"}


@pytest.mark.parametrize("accept", ["application/json", "*/*"])
def test_the_202_is_not_marshalled(visitor: Visitor, accept: str) -> None:
    accepted = visitor.submit("/things/7", headers={"Accept": accept})
    assert accepted.headers["Location"].startswith("/status/")
    assert (accepted.text == "accepted") == (accept == "*/*")
