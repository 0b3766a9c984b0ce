"""The document of the API: valid, complete, and true (schemathesis tries it on a real server)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openapi_spec_validator import validate

from taskrow import TaskQueue
from taskrow.web.operations import OPERATIONS
from taskrow.web.schemas import PROBLEMS
from tests.apps.rest import create_app
from tests.doors.rest import APP, SETTINGS, Api
from tests.support.processes import ROOT, free_port

SUPPORT = ROOT / "tests" / "support"


@pytest.fixture
def document(api: Api) -> Any:
    return api.get("/tasks/openapi.json", None).get_json()


def rules(app: Flask) -> set[tuple[str, str]]:
    """Method and path, in the words of OpenAPI, of every route of ours that speaks JSON."""
    found = set()
    for rule in app.url_map.iter_rules():
        if rule.endpoint in {f"taskrow.{one.name}" for one in OPERATIONS} | {"taskrow.status"}:
            path = re.sub(r"<taskrow_word\('?([^')]*)'?\):word>", r"\1", rule.rule)
            path = re.sub(r"<taskrow_id:(\w+)>", r"{\1}", path)
            found |= {(m.lower(), path) for m in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found


def test_the_document_is_valid_openapi(document: Any) -> None:
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_every_route_is_in_the_document_and_nothing_else(api: Api, document: Any) -> None:
    told = {(method, path) for path, item in document["paths"].items() for method in item}
    assert told == rules(api.app)
    assert ("get", "/status/{task_id}") in told
    assert len(told) == 9


def test_every_operation_says_what_it_may_answer(document: Any) -> None:
    for path, item in document["paths"].items():
        for method, told in item.items():
            assert told["summary"], (method, path)
            codes = {code[0] for code in told["responses"]}
            assert "2" in codes, (method, path)


def test_the_schemas_hold_what_the_monitor_shows(api: Api, document: Any) -> None:
    task_id = api.submit("add", 1, 2)
    told = api.get(f"/tasks/{task_id}").get_json()
    assert set(told) == set(document["components"]["schemas"]["Task"]["required"])


def test_everybody_gets_the_same_document_and_it_tells_no_names(api: Api) -> None:
    mine, guests = (api.get("/tasks/openapi.json", who) for who in ("me", "guest"))
    assert mine.data == guests.data
    assert mine.headers["Cache-Control"] == "no-cache"
    for name in ("echo", "private", "sqlite", "postgresql", str(api.directory)):
        assert name not in mine.text


def test_the_document_of_a_mounted_application_says_where(api: Api) -> None:
    client = api.app.test_client()
    answer = client.get("/tasks/openapi.json", environ_overrides={"SCRIPT_NAME": "/below"})
    assert answer.get_json()["servers"] == [{"url": "/below"}]


def test_an_application_that_opens_nothing_has_the_document_too(tmp_path: Path) -> None:
    app = Flask("closed", instance_path=str(tmp_path))
    TaskQueue(app)
    validate(app.test_client().get("/tasks/openapi.json").get_json())
    assert not list(tmp_path.iterdir())  # to read it needs no database


def test_every_kind_of_problem_can_be_met(document: Any) -> None:
    text = json.dumps(document)
    unseen = {kind for kind in PROBLEMS if f"urn:taskrow:problem:{kind}" not in text}
    assert unseen == {"method-not-allowed"}  # of the paths, not of an operation


# -- schemathesis ---


def serve(api: Api) -> str:
    """The application on a real server; its base URL."""
    port = free_port()
    options = ["--worker-class", "gthread", "--threads", "8", "--bind", f"127.0.0.1:{port}"]
    options += ["--limit-request-line", "0"]  # its own 414 is none of our answers
    options += ["--access-logfile", "-", "--access-logformat", '{"url": "%(U)s", "code": %(s)s}']
    url = api.engine.settings.database_url
    env = SETTINGS | {"FLASK_TASKROW_DATABASE_URL": url}
    web = api.start.start("gunicorn", *options, f"{APP}()", log="web", env=env)
    web.wait_for("Listening at")
    return f"http://127.0.0.1:{port}"


def task_ids(api: Api) -> list[str]:
    """One of each fate."""
    done, failed = api.submit("echo", 1), api.submit("fail")
    later, cancelled = api.submit("add", 1, later=True), api.submit("add", 1, later=True)
    views = [
        api.post(f"/later/{kind}", data=os.urandom(8)).headers["Location"].rpartition("/")[2]
        for kind in ("page", "conflict")
    ]
    api.engine.cancel(cancelled)
    for one in (done, failed, *views):
        api.over(one)
    return [done, failed, later, cancelled, *views]


def test_what_schemathesis_makes_up_is_answered_as_the_document_says(
    api: Api, tmp_path: Path
) -> None:
    ids = task_ids(api)
    env = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "default",
        "SCHEMATHESIS_HOOKS": "tests.support.api_cases",
        "API_TASK_IDS": " ".join(ids),
    }
    before = api.count()
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(SUPPORT / "schemathesis.toml"),
        "run", f"{serve(api)}/tasks/openapi.json",
        "--header", "X-Owner: me", "--max-examples", "25", "--seed", "1", "--no-color",
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    cases = re.search(r"(\d[\d,]*) generated, (\d[\d,]*) passed", done.stdout)
    assert cases is not None, done.stdout[-3000:]
    assert cases[1] == cases[2]
    assert int(cases[1].replace(",", "")) >= 300
    assert api.count() > before  # it did submit something


def test_the_application_of_these_tests_can_be_made_alone(sqlite_url: str) -> None:
    app = create_app(TASKROW_DATABASE_URL=sqlite_url)
    assert app.test_client().get("/tasks/openapi.json").status_code == 200
