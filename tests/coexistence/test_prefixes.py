"""ProxyFix and DispatcherMiddleware: every URL is the same in the worker as in the web."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.coexistence.site import Site, Visitor, make_app

APP = "tests.coexistence.apps.prefixes:create_app"
FORWARDED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "shop.example",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/pre",
}


@pytest.fixture
def mounted(site: Site) -> Iterator[Site]:
    app = make_app("tests.coexistence.apps.prefixes:create_mounted_app", site.database_url)
    yield Site(app, site.worker, site.database_url)
    app.extensions["taskrow"].close()


def both(visitor: Visitor, before: str, prefix: str = "") -> tuple[Any, Any]:
    """What the view sees in the web, and what it sees in the worker."""
    now = visitor.open(f"{before}/now/s%C3%BC%C3%9F%3F?a=1&a=%26").get_json()
    accepted = visitor.submit(f"{before}/later/s%C3%BC%C3%9F%3F?a=1&a=%26")
    later = visitor.answer(accepted, prefix).get_json()
    assert (now.pop("place"), later.pop("place")) == ("web", "worker")
    later |= {"url": later["url"].replace("/later/", "/now/"), "path": now["path"]}
    return now, later


def test_behind_a_proxy_the_worker_sees_what_the_client_sees(site: Site) -> None:
    now, later = both(site.visitor(FORWARDED), "", "/pre")
    assert now == later
    assert later["external"] == "https://shop.example:8443/pre/now/s%C3%BC%C3%9F%3F"
    assert (later["client"], later["secure"], later["script"]) == ("198.51.100.7", True, "/pre")


def test_below_a_prefix_too(mounted: Site) -> None:
    now, later = both(mounted.visitor(), "/mounted")
    assert now == later
    assert later["local"] == "/mounted/now/s%C3%BC%C3%9F%3F"


def test_below_a_prefix_behind_a_proxy_too(mounted: Site) -> None:
    now, later = both(mounted.visitor(FORWARDED | {"X-Forwarded-Prefix": ""}), "/mounted")
    assert now == later
    assert later["root"] == "https://shop.example:8443/mounted/"


def test_without_a_proxy_nothing_is_made_up(visitor: Visitor) -> None:
    now, later = both(visitor, "")
    assert now == later
    assert later["root"] == "http://localhost/"
