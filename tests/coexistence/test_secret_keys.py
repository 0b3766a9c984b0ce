"""SECRET_KEY: it is changed while tasks wait, it is forgotten, it was never there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from taskrow.domain.task import Status
from tests.coexistence.site import Site, Visitor, make_app
from tests.support.processes import Process, ProcessFactory, processes

LOGIN, TOKENS, VIEWS, FORMS = (
    f"tests.coexistence.apps.{name}:create_app" for name in ("login", "httpauth", "views", "wtf")
)
TOKEN = {"Authorization": "Bearer token-of-bob"}
OLD, NEW = "the old key", "the new key"


@pytest.fixture
def start(tmp_path: Path, sqlite_url: str) -> Iterator[ProcessFactory]:
    with processes(tmp_path, sqlite_url) as factory:
        yield factory


def worker(start: ProcessFactory, app: str, *keys: str) -> Process:
    """A worker that has the first key, and the others as SECRET_KEY_FALLBACKS."""
    env = {"FLASK_SECRET_KEY": keys[0], "FLASK_SECRET_KEY_FALLBACKS": json.dumps(keys[1:])}
    return start.worker("--runners", "1", app=app, env=env)


def submitted(app: str, sqlite_url: str) -> str:
    """The Location for a client of the web process that had the old key."""
    web = make_app(app, sqlite_url, SECRET_KEY=OLD)
    visitor = Visitor(web.test_client(), {})
    if app == LOGIN:
        visitor.open("/log-in/ada", "POST")
        accepted = visitor.submit("/above")
    else:
        accepted = visitor.submit("/by_token", headers=TOKEN)
    web.extensions["taskrow"].close()
    return accepted.headers["Location"]


@pytest.mark.parametrize(("app", "user"), [(LOGIN, "ada"), (TOKENS, "bob")])
def test_a_task_from_before_the_change_runs_where_the_old_key_is_a_fallback(
    sqlite_url: str, start: ProcessFactory, app: str, user: str
) -> None:
    location = submitted(app, sqlite_url)
    web = make_app(app, sqlite_url, SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD])
    site = Site(web, worker(start, app, NEW, OLD), sqlite_url)
    assert site.final(location.rpartition("/")[2]).status is Status.SUCCEEDED
    visitor = site.visitor()
    if app == LOGIN:
        visitor.open("/log-in/ada", "POST")
    assert visitor.open(location).get_json()["user"] == user
    web.extensions["taskrow"].close()


def test_without_the_old_key_the_task_fails_and_says_why(
    sqlite_url: str, start: ProcessFactory
) -> None:
    location = submitted(TOKENS, sqlite_url)
    web = make_app(TOKENS, sqlite_url, SECRET_KEY=NEW)
    site = Site(web, worker(start, TOKENS, NEW), sqlite_url)
    task = site.final(location.rpartition("/")[2])
    assert task.status is Status.FAILED
    assert json.loads(task.error or "") == {
        "type": "CredentialsError",
        "message": "the credentials of this task cannot be opened: the worker must have the "
        "SECRET_KEY of the web process that stored them, or have it in SECRET_KEY_FALLBACKS",
    }
    answer = site.visitor().open(location)
    assert (answer.status_code, answer.get_json()["type"]) == (500, "urn:taskrow:problem:failed")
    assert "SECRET_KEY" not in answer.text
    web.extensions["taskrow"].close()


def test_a_csrf_token_from_before_the_change_stays_good(
    sqlite_url: str, start: ProcessFactory
) -> None:
    web = make_app(FORMS, sqlite_url, SECRET_KEY=OLD)
    visitor = Visitor(web.test_client(), {})
    form = {"csrf_token": visitor.open("/token").text, "note": "x"}
    accepted = visitor.submit("/save", "POST", data=form)
    worker(start, FORMS, NEW, OLD)
    assert visitor.answer(accepted).get_json()["valid"] is True
    web.extensions["taskrow"].close()


@pytest.fixture
def keyless(sqlite_url: str) -> Iterator[Flask]:
    """An application without any key."""
    app = make_app(VIEWS, sqlite_url, SECRET_KEY=None)
    yield app
    app.extensions["taskrow"].close()


@pytest.mark.parametrize(
    ("header", "value"),
    [("Authorization", "Bearer x"), ("Cookie", "a=b"), ("X-Api-Key", "k")],
)
def test_without_any_key_a_request_with_credentials_is_refused_and_no_row(
    keyless: Flask, header: str, value: str
) -> None:
    client = keyless.test_client(use_cookies=False)  # else it makes the Cookie header itself
    refused = client.get("/reports/2026", headers={header: value})
    assert (refused.status_code, refused.mimetype) == (500, "application/problem+json")
    assert refused.get_json()["detail"] == (
        f"Nothing was submitted: this request carries {header}, and there is no key to keep them "
        "safe with: set SECRET_KEY, to the same value in the web and in the worker."
    )
    with keyless.extensions["taskrow"].database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM tasks").scalar() == 0


def test_without_any_key_a_request_without_credentials_is_taken(
    keyless: Flask, start: ProcessFactory
) -> None:
    start.worker("--runners", "1", app=VIEWS)
    assert Visitor(keyless.test_client(), {}).see("/reports/2026")["place"] == "worker"
