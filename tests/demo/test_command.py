"""The command: its story, its errors, and what it leaves behind."""

from __future__ import annotations

import os
import signal
from contextlib import closing
from pathlib import Path

import pytest

from taskrow.demo.client import ask
from taskrow.demo.processes import listen
from tests.demo.scene import DEMO, children, start_demo
from tests.support.processes import Process, ProcessFactory, eventually


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
