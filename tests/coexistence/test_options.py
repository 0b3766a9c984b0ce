"""The options of ``@async_api``, as a client and the rows see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow import OptionError, async_api
from tests.coexistence.site import Site, Visitor

APP = "tests.coexistence.apps.options:create_app"
PAYING = ["/pay", "/pay_slowly", "/account"]


@pytest.mark.parametrize("url", PAYING)
def test_validate_refuses_with_a_response_and_nothing_is_stored(
    site: Site, visitor: Visitor, url: str
) -> None:
    before = site.count()
    refused = visitor.open(f"{url}/500", "POST", json={})
    assert (refused.status_code, refused.get_json()) == (422, {"error": "too much", "place": "web"})
    assert site.count() == before


@pytest.mark.parametrize("url", PAYING)
def test_validate_refuses_with_an_abort_and_nothing_is_stored(
    site: Site, visitor: Visitor, url: str
) -> None:
    before = site.count()
    assert visitor.open(f"{url}/5", "POST", data="no JSON").status_code == 415
    assert site.count() == before


@pytest.mark.parametrize("url", PAYING)
def test_what_validate_lets_through_runs_in_the_worker(visitor: Visitor, url: str) -> None:
    paid = visitor.see(f"{url}/5", "POST", json={})
    assert (paid["place"], paid["amount"]) == ("worker", 5)


def test_queue_and_priority_and_retention_are_in_the_row(site: Site, visitor: Visitor) -> None:
    """No worker serves that queue, so it waits there."""
    task_id = visitor.submit("/elsewhere").headers["Location"].rpartition("/")[2]
    task = site.engine.get(task_id)
    assert (task.queue, task.priority) == ("reports", 5)
    assert site.engine.options_of(task.name).retention == 60


def place(visitor: Visitor, url: str = "/report", method: str = "GET", **options: object) -> str:
    return visitor.submit(url, method, **options).headers["Location"]


def test_coalesce_gives_one_client_one_task_while_it_is_unfinished(
    site: Site, tmp_path: Path
) -> None:
    ada, bob = site.visitor({"X-User": "ada"}), site.visitor({"X-User": "bob"})
    with site.held(tmp_path):
        first = place(ada)
        assert place(ada) == first
        assert len({first, place(bob), place(site.visitor())}) == 3
    site.final(first.rpartition("/")[2])
    assert place(ada) != first


def test_coalesce_tells_requests_apart_by_all_that_they_ask_for(
    site: Site, visitor: Visitor, tmp_path: Path
) -> None:
    with site.held(tmp_path):
        asked = [
            place(visitor),
            place(visitor, "/report?a=1"),
            place(visitor, "/report?a=2"),
            place(visitor, method="POST"),
            place(visitor, method="POST", data="x"),
            place(visitor, method="POST", json="x"),
        ]
        assert len(set(asked)) == 6
        assert place(visitor, method="POST", data="x") == asked[4]


@pytest.mark.parametrize(
    ("given", "meant"), [("valdate", "validate"), ("colaesce", "coalesce"), ("prio", "priority")]
)
def test_an_unknown_option_is_named_with_the_nearest(given: str, meant: str) -> None:
    with pytest.raises(OptionError, match=f"'{given}' is no option.*did you mean '{meant}'"):
        async_api(**{given: True})
