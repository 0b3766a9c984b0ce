"""Door 1: what goes wrong in a view is answered as the web would have, and kept in the row."""

from __future__ import annotations

import pytest
from werkzeug.test import TestResponse

from taskrow.domain.task import Status, Task
from tests.doors.site import Site, open_app
from tests.support.processes import ProcessFactory

SECRET = "the planted secret"


def fate(site: Site, url: str) -> tuple[TestResponse, Task]:
    accepted = site.submit(url)
    return site.answer(accepted), site.task_of(accepted)


@pytest.mark.parametrize("url", ["/boom/plain", "/rest/things/boom"])
def test_an_unhandled_exception_is_a_500_and_its_traceback_stays_in_the_row(
    site: Site, url: str
) -> None:
    answer, task = fate(site, url)
    assert answer.status_code == 500
    for told in (SECRET, "Traceback", "RuntimeError"):
        assert told not in answer.text
    assert (task.status, task.attempt) == (Status.FAILED, 1)
    assert task.error == f'{{"type": "RuntimeError", "message": "{SECRET}"}}'
    assert f'raise RuntimeError("{SECRET}")' in (task.traceback or "")


def test_the_500_is_the_same_as_in_the_web(site: Site) -> None:
    answer, _ = fate(site, "/boom/plain")
    assert answer.mimetype == "text/html"
    assert "<h1>Internal Server Error</h1>" in answer.text
    restful, _ = fate(site, "/rest/things/boom")
    assert restful.json == {"message": "Internal Server Error"}


def test_an_error_page_of_the_applications_own_is_the_answer_of_a_failed_task(site: Site) -> None:
    answer, task = fate(site, "/own/boom")
    assert (answer.status_code, answer.text, answer.headers["X-Own"]) == (
        500,
        "our own page",
        "yes",
    )
    assert task.status is Status.FAILED
    assert SECRET in (task.traceback or "")


def test_an_exception_in_the_middle_of_a_stream_is_a_500(site: Site) -> None:
    answer, task = fate(site, "/boom/in the stream")
    assert answer.status_code == 500
    assert '"type": "ZeroDivisionError"' in (task.error or "")


def test_an_exception_that_the_application_handles_is_no_failure(site: Site) -> None:
    answer, task = fate(site, "/later/sorry")
    assert (answer.status_code, answer.json) == (422, {"sorry": "not today"})
    assert (task.status, task.error, task.traceback) == (Status.SUCCEEDED, None, None)


def test_a_failed_view_is_not_run_again(site: Site) -> None:
    accepted = site.submit("/boom/plain")
    site.answer(accepted)
    assert site.task_of(accepted).finished_at is not None
    log = site.worker.output()
    task_id = site.task_of(accepted).id
    assert log.count(f"{task_id} view:views.boom started") == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_in_debug_the_traceback_is_in_the_log_of_the_worker_too_but_not_in_the_answer(
    database_url: str, start: ProcessFactory
) -> None:
    worker = start.worker(app="tests.apps.doors_debug:app")
    with open_app(database_url) as app:
        site = Site(app, worker, database_url)
        answer, task = fate(site, "/boom/plain")
        restful, _ = fate(site, "/rest/things/boom")
    assert (answer.status_code, restful.status_code) == (500, 500)
    assert SECRET not in answer.text + restful.text
    assert task.status is Status.FAILED
    worker.wait_for(f'raise RuntimeError("{SECRET}")')
    assert "RuntimeError: the planted secret" in worker.output()
