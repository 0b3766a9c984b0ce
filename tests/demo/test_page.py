"""The page, in a real browser."""

from __future__ import annotations

import os
import re
import signal
from urllib.parse import urlsplit

import pytest

from tests.demo.scene import children, start_demo
from tests.support.browser import Browser
from tests.support.processes import ProcessFactory


@pytest.mark.browser
def test_a_click_starts_a_task_and_its_bar_fills(launch: ProcessFactory, browser: Browser) -> None:
    _, port = start_demo(launch)
    hosts = set()
    page = browser.page
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"http://127.0.0.1:{port}/?steps=20&pause=0.2")
    page.get_by_role("button", name="Start a long task").click()
    row = page.locator("#list > li")
    row.get_by_text("running", exact=True).wait_for()
    page.reload()  # the rows are not the page's
    row.get_by_text("Task completed! Result: 42").wait_for()
    assert row.locator("progress").evaluate("bar => bar.value") == 100
    assert "attempt 1" in row.inner_text()
    assert "100 %" in row.inner_text()
    page.reload()
    row.get_by_text("Task completed! Result: 42").wait_for()
    assert (browser.console_errors, browser.failed_requests) == ([], [])
    assert hosts == {f"127.0.0.1:{port}"}


@pytest.mark.browser
def test_the_page_shows_the_second_attempt_of_a_killed_worker(
    launch: ProcessFactory, browser: Browser
) -> None:
    _, port = start_demo(launch)
    page = browser.page
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("button", name="Start a long task").click()
    row = page.locator("#list > li")
    row.get_by_text("attempt 1").wait_for()
    command = page.locator("#kill").inner_text()
    assert re.fullmatch(r"kill -9 \d+", command)
    os.kill(int(command.split()[-1]), signal.SIGKILL)
    row.get_by_text("attempt 2").wait_for()
    page.get_by_text("its worker was lost; attempt 2 begins").wait_for()
    page.locator("#kill").filter(has_not_text=command).wait_for()
    assert (browser.console_errors, browser.failed_requests) == ([], [])


@pytest.mark.browser
def test_the_page_shows_the_answer_of_a_view_as_text(
    launch: ProcessFactory, browser: Browser
) -> None:
    _, port = start_demo(launch)
    page = browser.page
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_label("ask a slow view").fill("<img src=x>")
    page.keyboard.press("Enter")
    page.get_by_text("answered with 200: The answer is: <img src=x>").wait_for()
    assert page.locator("img").count() == 0
    assert page.evaluate("document.activeElement.id") == "question"
    assert (browser.console_errors, browser.failed_requests) == ([], [])


@pytest.mark.browser
def test_a_page_without_a_worker_says_so(port: int, browser: Browser) -> None:
    page = browser.page
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("button", name="Start a long task").click()
    page.locator("#list").get_by_text("waits for a worker").wait_for()
    assert page.locator("#worker").inner_text() == "no worker in sight"


@pytest.mark.browser
def test_a_bar_without_news_says_for_how_long(launch: ProcessFactory, browser: Browser) -> None:
    demo, port = start_demo(launch, "--runners", "1")
    page = browser.page
    page.clock.install()
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("button", name="Start a long task").click()
    page.locator("#list").get_by_text("running", exact=True).wait_for()
    _, worker = children(demo.pid)
    for pid in (worker, *children(worker)):
        os.kill(pid, signal.SIGSTOP)
    for _ in range(2):  # what the worker said last has come
        page.wait_for_event("response", lambda response: response.url.endswith("/recent"))
    page.clock.fast_forward(12_000)
    page.get_by_text(re.compile(r"No news for 1\d\ss: is a worker running\?")).wait_for()


@pytest.mark.browser
def test_the_page_fits_a_phone(port: int, browser: Browser) -> None:
    page = browser.page
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(f"http://127.0.0.1:{port}/")
    page.get_by_role("button", name="Start five").click()
    page.locator("#list > li").nth(4).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
