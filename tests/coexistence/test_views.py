"""Flask's own: view classes, async views, blueprints, sessions, flashed messages, uploads."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from taskrow.domain.task import Task
from tests.coexistence.site import Site, Visitor
from tests.support.processes import eventually

APP = "tests.coexistence.apps.views:create_app"


def task_of(site: Site, visitor: Visitor, url: str, method: str = "GET") -> Task:
    return site.task_of(visitor.submit(url, method))


def test_each_method_of_a_view_class_goes_its_own_way(visitor: Visitor) -> None:
    read = visitor.see("/reports/2026")
    assert (read["place"], read["year"], read["args"]) == ("worker", 2026, {"year": 2026})
    written = visitor.see("/reports/2026", "PUT")
    assert (written["place"], written["written"]) == ("worker", 2026)
    deleted = visitor.open("/reports/2026", "DELETE").get_json()
    assert (deleted["place"], deleted["deleted"]) == ("web", 2026)


def test_each_method_of_a_view_class_has_its_own_options(site: Site, visitor: Visitor) -> None:
    read = task_of(site, visitor, "/reports/2026")
    written = task_of(site, visitor, "/reports/2026", "PUT")
    assert (read.name, read.priority) == ("view:report.get", 0)
    assert (written.name, written.priority) == ("view:report.put", 9)


def test_an_async_view_is_awaited(visitor: Visitor) -> None:
    assert visitor.see("/asynchronous")["place"] == "worker"


def test_blueprints_within_blueprints_keep_hooks_names_and_urls(
    site: Site, visitor: Visitor
) -> None:
    accepted = visitor.submit("/outer/inner/where/ada")
    answer = visitor.answer(accepted)
    assert answer.json == {
        "place": "worker",
        "path": "/outer/inner/where/ada",
        "name": "ada",
        "blueprints": ["outer.inner", "outer"],
        "g": "the hook of inner, in the worker",
        "next": "/outer/inner/where/x",
    }
    assert accepted.headers["Location"].startswith("/status/")
    assert site.task_of(accepted).name == "view:outer.inner.where"


def test_after_request_of_a_blueprint_sees_the_202_and_then_the_answer(visitor: Visitor) -> None:
    """Not the replay: that is no view of the blueprint."""
    accepted = visitor.submit("/outer/inner/where/ada")
    assert accepted.headers.getlist("X-Inner") == ["web"]
    assert visitor.answer(accepted).headers.getlist("X-Inner") == ["worker"]


def test_hooks_run_around_the_submit_and_around_the_view(
    site: Site, visitor: Visitor, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    site.task_of(visitor.submit(f"/asynchronous?log={log}"))
    eventually(lambda: log.read_text().count("\n") == 6)
    lines = log.read_text().splitlines()
    # The worker may be quicker than the rest of the request that submitted the task.
    for place, code in (("web", 202), ("worker", 200)):
        assert [line for line in lines if line.endswith(f"in the {place}")] == [
            f"before_request in the {place}",
            f"after_request of a {code} in the {place}",
            f"teardown_request in the {place}",
        ]


def test_the_error_handler_of_a_blueprint_answers_in_the_worker(visitor: Visitor) -> None:
    lost = visitor.ask("/outer/inner/lost")
    assert (lost.status_code, lost.json) == (
        404,
        {"lost": "it was here a minute ago", "place": "worker"},
    )


def test_a_session_arrives_with_the_types_of_its_values(visitor: Visitor) -> None:
    visitor.open("/remember?name=ada")
    seen = visitor.see("/recall")
    assert (seen["name"], seen["is_tuple"]) == ("ada", True)
    assert seen["flashed"] == [["note", "from the page before"]]


def test_what_a_view_writes_into_the_session_comes_with_its_answer(visitor: Visitor) -> None:
    visitor.open("/remember?name=ada")
    visitor.ask("/recall")
    assert visitor.open("/page").get_json() == {
        "place": "web",
        "path": "/page",
        "flashed": [],
        "visits": 1,
    }


def test_a_flashed_message_is_on_the_next_page(visitor: Visitor) -> None:
    visitor.open("/remember?name=ada")
    visitor.open("/page")
    assert visitor.ask("/flash_and_go").headers["Location"] == "/page"
    assert visitor.open("/page").get_json()["flashed"] == ["made in the worker"]


def test_a_session_that_has_changed_meanwhile_is_not_set_back(
    site: Site, visitor: Visitor, tmp_path: Path
) -> None:
    visitor.open("/remember?name=ada")
    with site.held(tmp_path):
        accepted = visitor.submit("/recall")
        visitor.open("/remember?name=bob")
    answer = visitor.answer(accepted)
    assert answer.get_json()["name"] == "ada"
    assert "Set-Cookie" not in answer.headers
    assert visitor.see("/recall")["name"] == "bob"


@pytest.mark.parametrize("text", ["a\r\n--b", ""])
def test_several_files_arrive_under_their_names(visitor: Visitor, text: str) -> None:
    sent = {
        "note": ["ü", "two"],
        "papers": [
            (io.BytesIO(text.encode()), "ü.txt", "text/plain"),
            (io.BytesIO(b"{}"), "b.json", "application/json"),
        ],
        "photo": (io.BytesIO(b"not really"), "c.png", "image/png"),
    }
    seen = visitor.see("/upload", "POST", data=sent)
    assert seen["form"] == {"note": ["ü", "two"]}
    assert seen["files"] == {
        "papers": [["ü.txt", "text/plain", text], ["b.json", "application/json", "{}"]],
        "photo": [["c.png", "image/png", "not really"]],
    }
