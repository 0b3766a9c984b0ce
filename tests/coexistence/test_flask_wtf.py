"""Flask-WTF: a token is checked before there is a row, and stays good until its task has run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taskrow.domain.task import Status
from tests.coexistence.site import Site, Visitor, living_in_the_past, make_app

APP = "tests.coexistence.apps.wtf:create_app"
LIMIT = timedelta(hours=1)  # WTF_CSRF_TIME_LIMIT


def token(visitor: Visitor) -> str:
    return visitor.open("/token").text


def form(visitor: Visitor, **fields: Any) -> dict[str, Any]:
    return {"csrf_token": token(visitor)} | (fields or {"note": "süß"})


def test_a_form_with_its_token_goes_through_web_and_worker(visitor: Visitor) -> None:
    seen = visitor.see("/save", "POST", data=form(visitor))
    assert seen == {"place": "worker", "path": "/save", "valid": True, "errors": {}, "note": "süß"}


def test_a_form_with_a_prefix_does_too(visitor: Visitor) -> None:
    fields = {"my-csrf_token": token(visitor), "my-note": "x"}
    assert visitor.see("/save_prefixed", "POST", data=fields)["valid"] is True


def test_a_form_with_a_file_does_too(visitor: Visitor) -> None:
    fields = form(visitor, note="n", paper=(io.BytesIO(b"a\r\nb"), "p.txt"))
    seen = visitor.see("/upload", "POST", data=fields)
    assert (seen["note"], seen["paper"]) == ("n", "a\r\nb")


def test_json_with_its_token_in_a_header_does_too(visitor: Visitor) -> None:
    seen = visitor.see("/api", "POST", json=[1], headers={"X-CSRFToken": token(visitor)})
    assert (seen["place"], seen["said"]) == ("worker", [1])


@pytest.mark.parametrize("url", ["/save", "/upload", "/api"])
@pytest.mark.parametrize("sent", ["nothing", "a wrong one", "another's"])
def test_without_its_own_token_a_client_is_refused_and_no_row(
    site: Site, visitor: Visitor, url: str, sent: str
) -> None:
    token(visitor)
    tokens = {"a wrong one": "wrong", "another's": token(site.visitor())}
    before = site.count()
    refused = visitor.open(url, "POST", data={"csrf_token": tokens.get(sent, ""), "note": "x"})
    assert (refused.status_code, site.count()) == (400, before)
    assert "CSRF" in refused.text


def test_what_is_wrong_in_a_form_is_told_by_the_view(visitor: Visitor) -> None:
    seen = visitor.see("/save", "POST", data=form(visitor, note=""))
    assert (seen["valid"], list(seen["errors"])) == (False, ["note"])


@pytest.mark.parametrize("url", ["/save", "/api"])
def test_a_token_that_gets_too_old_while_its_task_waits_stays_good(
    visitor: Visitor, url: str
) -> None:
    """The web process lives in the past, by more than WTF_CSRF_TIME_LIMIT."""
    with living_in_the_past(LIMIT):
        if url == "/api":
            options = {"json": [1], "headers": {"X-CSRF-Token": token(visitor)}}
        else:
            options = {"data": form(visitor)}
        accepted = visitor.submit(url, "POST", **options)
    assert visitor.answer(accepted).status_code == 200


def test_a_token_that_was_too_old_before_is_refused(site: Site, visitor: Visitor) -> None:
    with living_in_the_past(LIMIT):
        fields = form(visitor)
    before = site.count()
    assert "expired" in visitor.open("/save", "POST", data=fields).text
    assert site.count() == before


def test_a_token_that_only_the_view_checks_is_not_made_good(visitor: Visitor) -> None:
    forged = visitor.see("/form_alone", "POST", data={"note": "x", "csrf_token": "forged"})
    assert (forged["valid"], list(forged["errors"])) == (False, ["csrf_token"])
    with living_in_the_past(LIMIT):
        accepted = visitor.submit("/form_alone", "POST", data=form(visitor))
    assert visitor.answer(accepted).get_json()["valid"] is False
    assert visitor.see("/form_alone", "POST", data=form(visitor))["valid"] is True


def test_a_view_that_is_exempt_needs_none(visitor: Visitor) -> None:
    assert visitor.see("/hook", "POST")["place"] == "worker"


@pytest.fixture
def exempting(site: Site) -> Iterator[Site]:
    """The same with ``csrf.exempt(app.blueprints["taskrow"])``."""
    path = "tests.coexistence.apps.wtf:create_exempting_app"
    app = make_app(path, site.database_url)
    yield Site(app, site.worker, site.database_url)
    app.extensions["taskrow"].close()


def test_to_cancel_over_http_needs_a_token(site: Site, visitor: Visitor, tmp_path: Path) -> None:
    with site.held(tmp_path):
        task_id = visitor.submit("/hook", "POST").headers["Location"].rpartition("/")[2]
        url, given = f"/tasks/{task_id}", {"X-CSRFToken": token(visitor)}
        assert visitor.open(url, "DELETE").status_code == 400
        assert site.engine.get(task_id).status is Status.QUEUED
        assert visitor.open(url, "DELETE", headers=given).status_code == 200
    assert site.engine.get(task_id).status is Status.CANCELLED


def test_an_application_can_exempt_the_blueprint(exempting: Site, tmp_path: Path) -> None:
    visitor = exempting.visitor()
    with exempting.held(tmp_path):
        accepted = visitor.submit("/hook", "POST")
        task_id = accepted.headers["Location"].rpartition("/")[2]
        assert visitor.open(f"/tasks/{task_id}", "DELETE").status_code == 200
    assert visitor.answer(accepted).status_code == 410
