"""The seed's script answers as the seed says, also when everything is restarted meanwhile."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.http import Answer, get, request
from tests.doors.site import soon
from tests.support.processes import ROOT, Process, ProcessFactory, eventually, processes

SCRIPT = ROOT / "examples" / "seed_async_api.py"
SECONDS = {"SEED_SECONDS": "1.5"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with nothing but the script, as somebody has it who pasted it."""
    shutil.copy(SCRIPT, tmp_path)
    return tmp_path


@pytest.fixture
def bare(place: Path) -> Iterator[ProcessFactory]:
    """Processes that are told nothing: the database is the script's own."""
    with processes(place, "") as factory:
        yield factory


def start_worker(start: ProcessFactory) -> Process:
    return start.worker("--runners", "1", app="seed_async_api", env=SECONDS)


def finished(url: str) -> Answer:
    """Poll as the seed tells its clients to: until it is no longer 202."""

    def look() -> Answer | None:
        polled = get(url)
        return None if polled.status == 202 else polled

    return soon(look)


def test_the_script_has_one_line_of_taskrow_and_its_decorator() -> None:
    text = SCRIPT.read_text()
    code = text[text.index("from __future__") :]
    ours = [line.strip() for line in code.splitlines() if "taskrow" in line or "async_api" in line]
    assert ours == ["from taskrow import async_api", "@async_api"]
    for gone in ("threading", "uuid", "tasks", "before_first_request", "GetTaskStatus"):
        assert gone not in code


def test_it_answers_as_the_seed_says_though_web_and_worker_are_killed_meanwhile(
    place: Path, bare: ProcessFactory
) -> None:
    web, base = bare.web(app="seed_async_api")
    port = int(base.rpartition(":")[2])
    accepted = get(f"{base}/some/deep/path")
    assert (accepted.status, accepted.text) == (202, "accepted")
    where = accepted.headers["Location"]
    assert where.startswith("/status/")

    waiting = get(base + where)
    assert (waiting.status, waiting.text, waiting.headers["Location"]) == (202, "", where)
    worker = start_worker(bare)
    worker.wait_for("starting processing task, path: 'some/deep/path'")
    assert get(base + where).status == 202

    web.kill()
    worker.kill()
    _, base = bare.web(app="seed_async_api", port=port)
    first = get(base + where)  # the first request of a new process: nothing is set up before it
    assert (first.status, first.text, first.headers["Location"]) == (202, "", where)
    start_worker(bare)

    answer = finished(base + where)
    assert (answer.status, answer.json) == (200, "The answer is: some/deep/path")
    assert answer.headers["Content-Type"] == "application/json"
    assert get(base + where).body == answer.body == b'"The answer is: some/deep/path"\n'
    assert (place / "instance" / "taskrow.db").exists()


def test_a_polite_restart_loses_no_time_and_no_attempt(bare: ProcessFactory) -> None:
    web, base = bare.web(app="seed_async_api")
    where = get(f"{base}/").headers["Location"]
    worker = start_worker(bare)
    worker.wait_for("starting processing task")
    web.stop()
    assert worker.stop() == 0  # it lets the task finish
    assert "completed processing task" in worker.output()
    _, base = bare.web(app="seed_async_api")
    assert finished(base + where).json == "The answer is: "


def test_looking_submits_nothing(place: Path, bare: ProcessFactory) -> None:
    _, base = bare.web(app="seed_async_api")
    unknown = get(f"{base}/status/d9b2d63da2334c9ab7a5e1b0b1f5f5a1")
    assert unknown.status == 404
    look = request("HEAD", f"{base}/some/path")
    assert (look.status, "Location" in look.headers) == (202, False)
    assert request("POST", f"{base}/some/path").status == 405
    worker = bare.worker("--burst", "--runners", "1", app="seed_async_api")
    assert eventually(lambda: worker.process.poll() == 0)
    assert "starting processing task" not in worker.output()


def test_it_runs_on_any_database(start: ProcessFactory, place: Path) -> None:
    """Two more lines, as its reader would write them: the settings of an application."""
    settings = "app.config.from_prefixed_env()"
    text = SCRIPT.read_text().replace("api = Api(app)", f"{settings}\napi = Api(app)")
    (place / "seed_async_api.py").write_text(text)
    _, base = start.web(app="seed_async_api")
    where = get(f"{base}/x").headers["Location"]
    start.worker("--runners", "1", app="seed_async_api", env={"SEED_SECONDS": "0"})
    assert finished(base + where).json == "The answer is: x"
