"""Door 1: what a view asks for with Retry and Cancel is done as for a task function."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from taskrow.domain.task import Status, Task
from tests.doors.site import Site
from tests.support.rows import error_of, runs


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "mark"


def fate(site: Site, url: str, mark: Path, **headers: str) -> tuple[TestResponse, Task]:
    accepted = site.submit(f"{url}?mark={mark}", headers=headers)
    return site.answer(accepted), site.task_of(accepted)


@pytest.mark.parametrize("url", ["/ask/again", "/all/ask/again", "/rest/things/ask"])
def test_a_view_that_asks_is_run_again_with_its_credentials(
    site: Site, mark: Path, url: str
) -> None:
    answer, task = fate(site, url, mark, Authorization="Bearer mine")
    assert answer.status_code == 200
    assert "Bearer mine at last" in answer.text
    assert (task.status, task.attempt, runs(mark)) == (Status.SUCCEEDED, 2, 2)


def test_a_view_may_cancel_itself(site: Site, mark: Path) -> None:
    answer, task = fate(site, "/ask/cancel", mark)
    assert answer.status_code == 410
    assert (task.status, task.attempt, runs(mark)) == (Status.CANCELLED, 1, 1)
    assert error_of(task) == ("Cancel", "nobody wants it")


def test_when_its_retries_are_used_up_it_fails_and_answers_500(site: Site, mark: Path) -> None:
    answer, task = fate(site, "/ask/too often", mark)
    assert (answer.status_code, answer.mimetype) == (500, "text/html")
    assert (task.status, task.attempt, runs(mark)) == (Status.FAILED, 2, 2)
    assert error_of(task) == ("ConnectionError", "gone")


def test_an_application_that_answers_every_exception_answers_the_last_one(
    site: Site, mark: Path
) -> None:
    answer, task = fate(site, "/all/ask/too often", mark)
    assert (answer.status_code, answer.text) == (500, "our own answer")
    assert (task.status, task.attempt, error_of(task)[0]) == (Status.FAILED, 2, "ConnectionError")


def test_a_view_has_no_retries_but_those_that_it_asks_for(site: Site, mark: Path) -> None:
    answer, task = fate(site, "/ask/without a limit", mark)
    assert (answer.status_code, task.status, task.attempt) == (500, Status.FAILED, 1)
    assert error_of(task)[0] == "RetriesExhausted"
