"""The Celery example with only its queue changed: the page's own script reaches 100 % and shows 42.

There is no network, so the browser gets the two files that the page has from a CDN from us: cdn/
holds the few words of jQuery and nanobar that the page speaks, with the meaning that they have
there. The page and its script are the example's own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from taskrow.storage import queries
from tests.doors.http import get, request
from tests.doors.site import soon
from tests.support.browser import Browser, chromium
from tests.support.processes import ROOT, ProcessFactory

FOLDER = ROOT / "examples" / "celery_example"
APP = str(FOLDER / "app.py")
CDN = Path(__file__).parent / "cdn"
TWO_SECONDS = 1.9, 6.0  # a timer is never early; the machine may be late
STEPS = {"FLASK_STEP_SECONDS": "0.1"}


@contextmanager
def page(url: str) -> Iterator[Browser]:
    with chromium() as browser:
        for name in ("jquery", "nanobar"):
            body = (CDN / f"{name}.js").read_text()
            browser.stub(f"**/{name}.min.js", body, "text/javascript")
        browser.page.goto(url)
        yield browser
        assert browser.console_errors == []
        assert browser.failed_requests == []


def submitted(engine: QueueEngine, name: str) -> list[Task]:
    with engine.database.read() as connection:
        return queries.list_tasks(connection, name=f"app.{name}")


@pytest.mark.browser
def test_the_page_polls_every_two_seconds_until_its_bars_are_full(start: ProcessFactory) -> None:
    start.worker("--runners", "2", app=APP, env=STEPS)
    _, url = start.web(app=APP)
    with page(url) as browser:
        polls: list[tuple[str, float]] = []
        browser.page.on(
            "request",
            lambda r: polls.append((r.url, time.monotonic())) if "/status/" in r.url else None,
        )
        for _ in range(2):
            browser.page.click("#start-bg-job")
        for bar in range(2):
            browser.page.wait_for_function(
                "bar => document.querySelectorAll('.progress')[bar]"
                "?.children[3].textContent === 'Result: 42'",
                arg=bar,
                timeout=30_000,
            )
        told = browser.page.locator("#progress .progress > div").all_text_contents()
        assert [told[1:4], told[5:8]] == [["100%", "Task completed!", "Result: 42"]] * 2
        went = browser.page.locator(".bar").evaluate_all("bars => bars.map(b => b.dataset.went)")
    for percents in (list(map(int, way.split())) for way in went):
        assert percents == sorted(percents)
        assert percents[-1] == 100
    assert_every_two_seconds(polls)


def assert_every_two_seconds(polls: list[tuple[str, float]]) -> None:
    urls = {url for url, _ in polls}
    assert len(urls) == 2
    for url in urls:
        moments = [moment for polled, moment in polls if polled == url]
        pauses = [later - earlier for earlier, later in pairwise(moments)]
        assert pauses
        assert all(TWO_SECONDS[0] <= pause <= TWO_SECONDS[1] for pause in pauses)


@pytest.mark.browser
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_form_sends_mail_now_and_in_a_minute(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    worker = start.worker("--runners", "1", app=APP)
    _, url = start.web(app=APP)
    with page(url) as browser:
        browser.page.fill("[name=email]", "ada@example.com")
        browser.page.click("[value='Send']")
        assert browser.page.text_content(".flash") == "Sending email to ada@example.com"
        assert browser.page.input_value("[name=email]") == "ada@example.com"
        browser.page.click("[value='Send in 1 minute']")
        # The click does not wait for the page that comes of it.
        browser.page.get_by_text("will be sent to ada@example.com in one minute").wait_for()
    worker.wait_for("To: ada@example.com")
    later, _ = submitted(engine, "send_async_email")
    assert later.status is Status.SCHEDULED
    assert later.run_at - later.created_at == timedelta(minutes=1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_applications_own_status_view_answers_not_ours(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    _, url = start.web(app=APP)
    accepted = request("POST", f"{url}/longtask")
    assert (accepted.status, accepted.json) == (202, {})
    where = accepted.headers["Location"]
    pending = {"state": "PENDING", "current": 0, "total": 1, "status": "Pending..."}
    assert get(url + where).json == pending
    assert get(f"{url}/status/nobody-knows-this").json == pending  # ours would answer 404

    start.worker("--runners", "1", app=APP, env={"FLASK_STEP_SECONDS": "0.02"})
    # The application's view reads the row for each property: an answer that began while the task
    # still waited can end while it runs, and has no total yet.
    progress = soon(lambda: told if (told := get(url + where).json)["total"] > 1 else None)
    assert progress["state"] == "PROGRESS"
    assert 10 <= progress["total"] <= 50
    assert progress["status"].endswith("...")
    done = soon(lambda: told if (told := get(url + where).json)["state"] != "PROGRESS" else None)
    assert done == {
        "state": "SUCCESS",
        "current": 100,
        "total": 100,
        "status": "Task completed!",
        "result": 42,
    }
    [task] = submitted(engine, "long_task")
    assert json.loads(task.args) == {}
    assert get(f"{url}/tasks/{task.id}").json["status"] == "succeeded"


def test_only_the_lines_that_made_the_queue_have_changed() -> None:
    lines = (FOLDER / "app.py").read_text().splitlines()
    ours = [line for line in lines if "taskrow" in line.lower() or "TaskQueue" in line]
    code = [line for line in ours if line.startswith(("from", "celery"))]
    assert code == ["from taskrow import TaskQueue", "celery = TaskQueue(app)"]
    text = "\n".join(lines)
    for kept in (
        "@celery.task\n",
        "@celery.task(bind=True)",
        "send_async_email.delay(email_data)",
        "send_async_email.apply_async(args=[email_data], countdown=60)",
        "long_task.apply_async()",
        'url_for("taskstatus", task_id=task.id)',
        "long_task.AsyncResult(task_id)",
    ):
        assert kept in text
