"""The clients of docs/http.md poll a real server as they should; the page shows what is tested."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taskrow.domain.ids import new_id
from taskrow.web.schemas import PROBLEMS
from tests.conftest import MUST_NOT_SKIP
from tests.doors.rest import Api, open_api
from tests.doors.test_openapi import serve
from tests.support.processes import ROOT, ProcessFactory, eventually

CLIENTS = ROOT / "examples" / "clients"
PAGE = ROOT / "docs" / "http.md"
PROGRAMS = {"poll.py": sys.executable, "poll.js": "node", "poll.sh": "sh"}

Poll = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Api, str]]:
    directory = tmp_path_factory.mktemp("clients")
    with open_api(directory, f"sqlite:///{directory / 'tasks.db'}") as api:
        yield api, serve(api)


@pytest.fixture(params=PROGRAMS)
def poll(request: pytest.FixtureRequest, served: tuple[Api, str]) -> Iterator[Poll]:
    """Starts a client on a path of the server."""
    program = shutil.which(PROGRAMS[request.param])
    if program is None:
        assert not MUST_NOT_SKIP, f"{PROGRAMS[request.param]} is missing"
        pytest.skip(f"{PROGRAMS[request.param]} is missing, so {request.param} is not tested")
    started: list[subprocess.Popen[str]] = []

    def start(path: str) -> subprocess.Popen[str]:
        command = [program, str(CLIENTS / request.param), served[1] + path]
        env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        one = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.communicate()


def said(client: subprocess.Popen[str]) -> tuple[str, str, str]:
    """Code, AsyncResult and body that a client printed."""
    code, own, body = client.communicate(timeout=60)[0].strip().split(" ", 2)
    return code, own, body


def test_a_client_waits_for_a_result(served: tuple[Api, str], poll: Poll, tmp_path: Path) -> None:
    api = served[0]
    task_id = api.submit("stand", str(tmp_path / "gate"), owner=None)
    began = time.monotonic()
    client = poll(f"/tasks/{task_id}/result")
    seen = [json.loads(line) for line in _asked(api, task_id, 3)]
    assert {one["code"] for one in seen} == {202}
    assert time.monotonic() - began >= 1.9  # it keeps to Retry-After: 1, at three looks twice
    (tmp_path / "gate").touch()
    code, own, body = said(client)
    assert (code, own, json.loads(body)) == ("200", "-", {"result": "through"})


def _asked(api: Api, task_id: str, times: int) -> list[str]:
    """The lines of the server's log about this task, when there are so many."""
    logs = list(api.directory.glob("web-*.log"))

    def look() -> list[str]:
        lines = [line for log in logs for line in log.read_text().splitlines() if task_id in line]
        return lines if len(lines) >= times else []

    return eventually(look)


@pytest.mark.parametrize(
    ("kind", "code"), [("page", "201"), ("conflict", "409"), ("accepted", "202"), ("boom", "500")]
)
def test_a_client_knows_a_views_own_answer(
    served: tuple[Api, str], poll: Poll, kind: str, code: str
) -> None:
    accepted = served[0].post(f"/later/{kind}", None, data=os.urandom(8))
    first, own, body = said(poll(accepted.headers["Location"]))
    assert (first, own) == (code, code)
    if kind == "accepted":
        assert body == "my own 202"


def test_a_client_stops_where_there_is_nothing_to_wait_for(
    served: tuple[Api, str], poll: Poll
) -> None:
    api = served[0]
    failed, cancelled = api.submit("fail", owner=None), api.submit("add", 1, later=True, owner=None)
    api.engine.cancel(cancelled)
    api.over(failed)
    unknown = new_id(api.engine.clock())
    for task_id, code in ((failed, "424"), (cancelled, "410"), (unknown, "404")):
        got, own, body = said(poll(f"/tasks/{task_id}/result"))
        assert (got, own, json.loads(body)["status"]) == (code, "-", int(code))


# -- the page ---


@pytest.mark.parametrize("name", ["opened.py", *(f"clients/{name}" for name in PROGRAMS)])
def test_the_page_shows_what_is_tested(name: str) -> None:
    assert f"\n{(ROOT / 'examples' / name).read_text()}```\n" in PAGE.read_text()


def test_the_page_lists_every_problem() -> None:
    rows = re.findall(
        r"^\| `urn:taskrow:problem:(\S+)` \| (\d+) \| (.+) \|$", PAGE.read_text(), re.M
    )
    assert {kind: (int(code), words) for kind, code, words in rows} == PROBLEMS


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_application_on_the_page_works(
    database_url: str, tmp_path: Path, start: ProcessFactory
) -> None:
    shutil.copy(ROOT / "examples" / "opened.py", tmp_path)
    start.worker("--runners", "1", app="opened")
    _, url = start.web("opened")
    ann = ["-H", "Authorization: Bearer ann-secret"]
    told = _curl(f"{url}/tasks", *ann, "--json", '{"name": "add", "args": [1, 2]}')
    answer = _curl(f"{url}{told['links']['result']}", *ann, "-H", "Prefer: wait=10")
    assert answer == {"result": 3}
    assert len(_curl(f"{url}/tasks", *ann)["items"]) == 1
    assert _curl(f"{url}/tasks", "-H", "Authorization: Bearer bob-secret")["items"] == []
    assert _curl(f"{url}/tasks")["status"] == 403
    retried = _curl(f"{url}{told['links']['retry']}", *ann, "-X", "POST")
    assert retried["status"] == 403
    root = ["-H", "Authorization: Bearer root-secret", "-X", "POST"]
    assert _curl(f"{url}{told['links']['retry']}", *root)["id"] == told["id"]
    answer = _curl(f"{url}{told['links']['result']}", *ann, "-H", "Prefer: wait=10")
    assert answer == {"result": 3}


def _curl(url: str, *options: str) -> Any:
    done = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", *options, url], capture_output=True, check=True, text=True
    )
    return json.loads(done.stdout)
