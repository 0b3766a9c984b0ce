"""The monitors and ids that are none: always 404, in the application's own words."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from taskrow.domain.ids import new_id
from tests.doors.site import Site

KNOWN_SHAPE = "019aa5b8-9b1c-7f00-8a3b-2f4c5d6e7f80"

JUNK = {
    "unknown": KNOWN_SHAPE,
    "the seed's shape": "d9b2d63da2334c9ab7a5e1b0b1f5f5a1",
    "upper case": KNOWN_SHAPE.upper(),
    "another version": KNOWN_SHAPE.replace("-7f", "-4f"),
    "braces": f"{{{KNOWN_SHAPE}}}",
    "a line break": f"{KNOWN_SHAPE}\n",
    "a space": f" {KNOWN_SHAPE}",
    "nul": "\0",
    "nul at the end": f"{KNOWN_SHAPE}\0",
    "very long": "a" * 50_000,
    "unicode": "süß-\U0001f600",
    "digits of another script": KNOWN_SHAPE.replace("0", "\u0660"),
    "no utf-8": "%ff%fe",
    "sql": "' OR 1=1 --",
    "percent": "%",
    "script": "<script>alert(1)</script>",
    "dots": "...",
    "a number": "1",
    "minus": "-",
}


@pytest.mark.parametrize("monitor", ["status", "tasks"])
@pytest.mark.parametrize("junk", JUNK)
def test_an_id_that_is_none_is_404(site: Site, monitor: str, junk: str) -> None:
    path = JUNK[junk] if junk == "no utf-8" else quote(JUNK[junk], safe="")
    response = site.app.test_client().get(f"/{monitor}/{path}")
    assert response.status_code == 404
    assert "missing" in response.get_json()  # the application's own error handler


@pytest.mark.parametrize("path", ["/status/", "/tasks/", "/status/a/b", "/tasks/a/b", "/status"])
def test_what_is_no_id_at_all_is_404(site: Site, path: str) -> None:
    assert site.app.test_client().get(path).status_code == 404


@pytest.mark.parametrize("monitor", ["status", "tasks"])
def test_the_monitors_change_nothing(site: Site, monitor: str) -> None:
    for method in ("POST", "PUT", "PATCH"):
        response = site.app.test_client().open(f"/{monitor}/{KNOWN_SHAPE}", method=method)
        assert response.status_code == 405


def test_a_new_id_is_not_the_next_one(site: Site) -> None:
    now = site.engine.clock()
    ids = {new_id(now) for _ in range(1000)}
    assert len({task_id[19:] for task_id in ids}) == 1000
