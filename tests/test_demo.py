"""``taskrow demo`` as a person meets it: the command, the page in a real browser, the kills."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from taskrow.demo.bars import bar, table
from taskrow.demo.client import Reply, ask
from taskrow.demo.processes import listen
from tests.conftest import MUST_NOT_SKIP
from tests.support.browser import Browser, ChromiumUnavailable, chromium
from tests.support.processes import ROOT, Process, ProcessFactory, eventually, processes

DEMO = ("taskrow", "demo", "--port", "0")
PAGE = re.compile(r"http://127\.0\.0\.1:(\d+)")


@pytest.fixture
def launch(tmp_path: Path, sqlite_url: str) -> Iterator[ProcessFactory]:
    """Starts demos in a directory of their own."""
    with processes(tmp_path, sqlite_url) as factory:
        yield factory


@pytest.fixture
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    try:
        with chromium() as found:
            yield found
    except ChromiumUnavailable as error:
        if MUST_NOT_SKIP:
            raise
        pytest.skip(str(error))


def start_demo(launch: ProcessFactory, *options: str) -> tuple[Process, int]:
    """A demo that greets, and its port."""
    demo = launch.start(*DEMO, *options, log="demo")
    demo.wait_for("Ctrl-C ends the demo")
    found = PAGE.search(demo.output())
    assert found, demo.output()
    return demo, int(found[1])


def children(pid: int) -> list[int]:
    """What this process has started, in order."""
    return [int(pid) for pid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def descendants(pid: int) -> set[int]:
    """All processes below this one."""
    below = children(pid)
    return set(below).union(*map(descendants, below))


def lives(pid: int) -> bool:
    """Whether there is such a process; a dead one that nobody has buried is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def say_and_wait(process: Process) -> tuple[int, str]:
    code = process.process.wait(60)
    return code, process.output()


# -- the story -----------------------------------------------------------------------------------


def test_the_check_tells_its_story_and_exits_0(launch: ProcessFactory, tmp_path: Path) -> None:
    code, output = say_and_wait(launch.start("taskrow", "demo", "--check"))
    assert code == 0, output
    for words in (
        "POST /longtask -> 202 Accepted",
        "[##########..........]  50 %",
        "kill -9 ",
        "Result: 42, in attempt 2.",
        "200 OK  The answer is: life",
        "| demo.long_task   | succeeded | 2       |",
        "exit 0",
    ):
        assert words in output
    assert not list(tmp_path.glob("*.db"))


def test_a_story_that_does_not_hold_says_what_was_seen_and_exits_1(launch: ProcessFactory) -> None:
    env = {"FLASK_TASKROW_LEASE": '"a while"'}  # a setting that no process starts with
    code, output = say_and_wait(launch.start("taskrow", "demo", "--check", env=env))
    assert code == 1
    assert "THIS DID NOT HOLD" in output
    assert "TASKROW_LEASE must be a number" in output
    assert output.rstrip().endswith("exit 1")


# -- the command ---------------------------------------------------------------------------------


def test_a_taken_port_gets_one_sentence_and_exit_code_1(launch: ProcessFactory) -> None:
    with closing(listen(0)) as taken:
        port = str(taken.getsockname()[1])
        code, output = say_and_wait(launch.start("taskrow", "demo", "--port", port))
    assert (code, output) == (
        1,
        f"Error: port {port} is taken by another program;"
        " choose another one with --port, or any free one with --port 0\n",
    )


def test_a_file_that_cannot_be_gets_one_sentence_and_exit_code_1(launch: ProcessFactory) -> None:
    code, output = say_and_wait(launch.start(*DEMO, "--database", "nowhere/tasks.db"))
    assert code == 1
    assert output.startswith("Error: ")
    assert "directory does not exist" in output
    assert output.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_demo_says_where_the_tasks_lie_and_finds_them_again(
    launch: ProcessFactory, number: signal.Signals
) -> None:
    demo, port = start_demo(launch)
    assert ask(port, "POST", "/longtask?steps=1&pause=0").status == 202
    below = descendants(demo.pid)
    demo.send(number)
    code, output = say_and_wait(demo)
    assert code == 0, output
    assert "The tasks lie in taskrow-demo.db" in output
    assert not any(map(lives, below))
    again, _ = start_demo(launch)
    assert "taskrow-demo.db  (1 task from before)" in again.output()


def test_a_killed_demo_leaves_no_process(launch: ProcessFactory) -> None:
    demo, port = start_demo(launch, "--runners", "2")
    ask(port, "POST", "/longtask")
    eventually(lambda: len(descendants(demo.pid)) == 4)  # the web server, the worker, two runners
    below = descendants(demo.pid)
    demo.kill()
    eventually(lambda: not any(map(lives, below)))


def test_whoever_dies_is_started_again(launch: ProcessFactory) -> None:
    demo, port = start_demo(launch)
    assert ask(port, "GET", "/").status == 200
    for pid in children(demo.pid):
        os.kill(pid, signal.SIGKILL)
    demo.wait_for("The web server was killed (signal 9); started it again")
    demo.wait_for("The worker was killed (signal 9); started it again")
    assert ask(port, "GET", "/").status == 200


# -- what the application answers ----------------------------------------------------------------


@pytest.fixture
def port(launch: ProcessFactory) -> int:
    """Where a demo without a worker answers."""
    _, url = launch.web(app="taskrow.demo.application")
    return urlsplit(url).port or 0


def test_the_long_task_is_submitted_as_in_the_seed(port: int) -> None:
    reply = ask(port, "POST", "/longtask")
    assert (reply.status, reply.json()) == (202, {})
    first = {"state": "PENDING", "current": 0, "total": 1, "status": "Pending..."}
    assert ask(port, "GET", reply.location).json() == first


@pytest.mark.parametrize("query", ["steps=0", "steps=1001", "pause=-1", "pause=11", "pause=nan"])
def test_a_long_task_out_of_bounds_is_refused(port: int, query: str) -> None:
    assert ask(port, "POST", f"/longtask?{query}").status == 400


def test_an_answer_is_text_whatever_was_asked(port: int, launch: ProcessFactory) -> None:
    launch.worker("--runners", "1", app="taskrow.demo.application")
    waiting = ask(port, "GET", "/answer/%3Cb%3Elife%3C/b%3E")
    assert (waiting.status, waiting.body) == (202, "accepted")

    def answered() -> Reply | None:
        reply = ask(port, "GET", waiting.location)
        return None if reply.status == 202 else reply

    found = eventually(answered)
    assert found is not None
    assert (found.status, found.body) == (200, "The answer is: <b>life</b>")
    assert found.headers["Content-Type"].startswith("text/plain")
    assert "default-src 'none'" in found.headers["Content-Security-Policy"]


def test_the_feed_lists_the_newest_tasks_first(port: int) -> None:
    ids = [ask(port, "POST", "/longtask").location.rpartition("/")[2] for _ in range(3)]
    feed = ask(port, "GET", "/recent").json()
    assert [task["id"] for task in feed["tasks"]] == ids[::-1]
    assert feed["worker"] is None
    first = ask(port, "GET", f"/tasks/{ids[0]}").json()
    assert feed["tasks"][-1] == first


def test_worker_py_is_the_worker_of_the_demo(port: int, sqlite_url: str) -> None:
    location = ask(port, "POST", "/longtask?steps=1&pause=0").location
    subprocess.run(
        [sys.executable, str(ROOT / "worker.py"), "--burst"],
        env=os.environ | {"FLASK_TASKROW_DATABASE_URL": sqlite_url},
        check=True,
        timeout=30,
    )
    assert ask(port, "GET", location).json()["result"] == 42


# -- the page ------------------------------------------------------------------------------------


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


# -- bars and tables -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("current", "total", "drawn"),
    [
        (0, 1, "[....................]   0 %"),
        (1, 2, "[##########..........]  50 %"),
        (99.9, 100, "[###################.]  99 %"),
        (3, 2, "[####################] 100 %"),
        (1, 0, "[....................]   0 %"),
    ],
)
def test_a_bar(current: float, total: float, drawn: str) -> None:
    assert bar(current, total) == drawn


def test_a_table() -> None:
    assert table(["id", "outcome"], [(1, None), (22, json.dumps(["much", "too", "long"]))], 8) == [
        "+----+----------+",
        "| id | outcome  |",
        "+----+----------+",
        "| 1  |          |",
        '| 22 | ["muc... |',
        "+----+----------+",
    ]
