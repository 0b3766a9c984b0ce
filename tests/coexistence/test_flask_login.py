"""Flask-Login: who is logged in at the submit is the current user of the view in the worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow.domain.task import Status
from tests.coexistence.site import Site, Visitor, living_in_the_past

APP = "tests.coexistence.apps.login:create_app"


def logged_in(site: Site, name: str, how: str = "") -> Visitor:
    visitor = site.visitor()
    assert visitor.open(f"/log-in/{name}?{how}", "POST").status_code == 200
    return visitor


@pytest.fixture
def ada(site: Site) -> Visitor:
    return logged_in(site, "ada")


@pytest.fixture
def bob(site: Site) -> Visitor:
    return logged_in(site, "bob")


@pytest.mark.parametrize("url", ["/above", "/below", "/fresh"])
def test_the_user_who_submitted_is_the_current_user_in_the_worker(ada: Visitor, url: str) -> None:
    assert ada.see(url) == {"place": "worker", "path": url, "user": "ada"}


def test_login_required_above_refuses_a_stranger_at_once(site: Site, visitor: Visitor) -> None:
    before = site.count()
    refused = visitor.open("/above")
    assert (refused.status_code, refused.text) == (401, "not logged in, says the web")
    assert site.count() == before


def test_login_required_below_refuses_a_stranger_in_the_worker(visitor: Visitor) -> None:
    refused = visitor.ask("/below")
    assert (refused.status_code, refused.text) == (401, "not logged in, says the worker")


def test_nobody_is_nobody_in_the_worker_too(visitor: Visitor) -> None:
    assert visitor.see("/anybody")["user"] is None


def test_a_task_runs_as_its_user_who_has_logged_out_meanwhile(
    site: Site, ada: Visitor, tmp_path: Path
) -> None:
    with site.held(tmp_path):
        accepted = ada.submit("/above")
        ada.open("/log-out", "POST")
        task_id = accepted.headers["Location"].rpartition("/")[2]
        assert site.engine.get(task_id).status is Status.QUEUED
    assert site.task_of(accepted).status is Status.SUCCEEDED
    assert ada.open(f"/status/{task_id}").status_code == 404
    assert logged_in(site, "ada").answer(accepted).get_json()["user"] == "ada"


@pytest.mark.parametrize("path", ["/status/{}", "/tasks/{}"])
def test_a_task_of_one_user_is_not_there_for_another(
    ada: Visitor, bob: Visitor, visitor: Visitor, path: str
) -> None:
    accepted = ada.submit("/above")
    url = path.format(accepted.headers["Location"].rpartition("/")[2])
    assert ada.answer(accepted).status_code == 200
    assert [one.open(url).status_code for one in (ada, bob, visitor)] == [200, 404, 404]
    theirs, unknown = bob.open(url), bob.open(path.format("01a1fddd-8b2a-77ed-a119-9862de4039b0"))
    assert theirs.json == unknown.json


def test_a_remember_me_cookie_is_enough_in_web_and_worker(site: Site) -> None:
    visitor = logged_in(site, "ada", "remember")
    visitor.client.delete_cookie("session")
    accepted = visitor.submit("/above")
    visitor.client.delete_cookie("session")
    assert visitor.answer(accepted).get_json() == {
        "place": "worker",
        "path": "/above",
        "user": "ada",
    }


def test_a_remembered_login_is_not_fresh(site: Site) -> None:
    visitor, before = logged_in(site, "ada", "remember"), site.count()
    visitor.client.delete_cookie("session")
    assert visitor.open("/fresh").status_code == 401
    assert site.count() == before


def test_a_session_that_expires_while_its_task_waits_is_still_its_session(site: Site) -> None:
    """The web process lives in the past, by more than the lifetime of a session."""
    with living_in_the_past(site.app.permanent_session_lifetime):
        accepted = logged_in(site, "ada", "permanent").submit("/above")
    assert site.task_of(accepted).status is Status.SUCCEEDED
    assert logged_in(site, "ada").answer(accepted).get_json()["user"] == "ada"


def test_cookies_of_a_view_are_for_the_session_that_submitted(site: Site, ada: Visitor) -> None:
    accepted = ada.submit("/cookie")
    elsewhere = logged_in(site, "ada")
    with elsewhere.client.session_transaction() as session:
        session["another"] = "session"
    other = elsewhere.answer(accepted)
    assert (other.status_code, other.headers.getlist("Set-Cookie")) == (200, [])
    assert ada.answer(accepted).headers["Set-Cookie"].startswith("flavour=oat;")
    assert ada.client.get_cookie("flavour") is not None


def test_cookies_of_a_view_that_nobody_asked_for_by_name_go_to_nobody(visitor: Visitor) -> None:
    assert "Set-Cookie" not in visitor.ask("/cookie").headers
