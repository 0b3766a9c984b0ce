"""Flask-HTTPAuth: the Authorization header is checked in the web, and again in the worker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.coexistence.site import Site, Visitor

APP = "tests.coexistence.apps.httpauth:create_app"
TOKEN = {"Authorization": "Bearer token-of-bob"}
NOBODY = {"Authorization": "Bearer token-of-nobody"}


def test_a_password_is_good_in_web_and_worker(visitor: Visitor) -> None:
    answer = visitor.see("/by_password", auth=("ada", "lovelace"))
    assert (answer["user"], answer["place"]) == ("ada", "worker")


def test_a_token_is_good_in_web_and_worker(visitor: Visitor) -> None:
    answer = visitor.see("/by_token", headers=TOKEN)
    assert (answer["user"], answer["place"]) == ("bob", "worker")


@pytest.mark.parametrize(
    ("how", "user"), [({"auth": ("ada", "lovelace")}, "ada"), ({"headers": TOKEN}, "bob")]
)
def test_below_either_is_checked_in_the_worker_alone(
    visitor: Visitor, how: dict[str, Any], user: str
) -> None:
    assert visitor.see("/by_either_below", **how)["user"] == user
    refused = visitor.ask("/by_either_below", headers=NOBODY)
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("url", "how", "status"),
    [
        ("/by_password", {}, 401),
        ("/by_password", {"auth": ("ada", "wrong")}, 401),
        ("/by_token", {}, 401),
        ("/by_token", {"headers": NOBODY}, 401),
        ("/writers", {"auth": ("ada", "lovelace")}, 403),
    ],
)
def test_wrong_credentials_are_refused_at_once_and_no_row(
    site: Site, visitor: Visitor, url: str, how: dict[str, Any], status: int
) -> None:
    before = site.count()
    refused = visitor.open(url, **how)
    assert (refused.status_code, site.count()) == (status, before)
    assert status == 403 or "WWW-Authenticate" in refused.headers


def test_its_own_error_page_says_where_it_was_made(visitor: Visitor) -> None:
    assert visitor.open("/by_password").get_json() == {"error": "no", "place": "web"}


def test_the_header_is_in_no_column_of_the_row(site: Site, visitor: Visitor) -> None:
    accepted = visitor.submit("/by_token", headers=TOKEN)
    task = site.task_of(accepted)
    with site.engine.database.read() as connection:
        for table in ("tasks", "task_requests", "task_credentials"):
            rows = connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()
            assert "token-of-bob" not in str(rows)
    assert task.name == "view:by_token"
