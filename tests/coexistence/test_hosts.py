"""Subdomains and host matching: the Location leads to a monitor, and the worker is on its host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import url_for

from tests.coexistence.site import Site, Visitor, open_site

APP = "tests.coexistence.apps.hosts:create_app"


@pytest.fixture(scope="module")
def matching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("matching")
    url = f"sqlite:///{directory / 'tasks.db'}"
    with open_site(f"{APP.partition(':')[0]}:create_matching_app", directory, url) as site:
        yield site


def see(visitor: Visitor, base: str, path: str = "/report") -> tuple[str, str, str]:
    accepted = visitor.submit(path, base_url=base)
    assert accepted.headers["Location"].startswith("/status/")  # there, not on another host
    answer = visitor.answer(accepted).get_json()
    assert answer["place"] == "worker"
    return answer["view"], answer["host"], answer["url"]


@pytest.mark.parametrize(
    ("base", "view", "host"),
    [
        ("http://example.org", "home", "example.org"),
        ("http://api.example.org", "api", "api.example.org"),
        ("https://api.example.org", "api", "api.example.org"),
    ],
)
def test_a_view_runs_on_the_subdomain_that_was_asked(
    visitor: Visitor, base: str, view: str, host: str
) -> None:
    assert see(visitor, base) == (view, host, f"{base}/report")


def test_a_part_of_the_subdomain_is_an_argument(visitor: Visitor) -> None:
    told = see(visitor, "http://ada.example.org", "/tenant")
    assert told == ("ada", "ada.example.org", "http://example.org/report")


@pytest.mark.parametrize(
    ("base", "view"),
    [("http://one.example", "home"), ("https://ada.two.example:8443", "ada")],
)
def test_with_host_matching_every_host_has_its_monitors(
    matching: Site, base: str, view: str
) -> None:
    host = base.partition("//")[2]
    assert see(matching.visitor(), base)[:2] == (view, host)


def test_outside_of_a_request_a_monitor_is_on_the_server_name(site: Site, matching: Site) -> None:
    with site.app.app_context():
        assert url_for("taskrow.status", task_id="x") == "http://example.org/status/x"
    matching.app.config["SERVER_NAME"] = "one.example"
    with matching.app.app_context():
        assert url_for("taskrow.status", task_id="x") == "http://one.example/status/x"
    matching.app.config["SERVER_NAME"] = None


def test_a_host_that_the_application_does_not_have_has_no_views(matching: Site) -> None:
    before = matching.count()
    unknown = matching.visitor().open("/report", base_url="http://three.example")
    assert (unknown.status_code, matching.count()) == (404, before)
