"""What a task logs is kept with it: the newest of it, of each attempt, whatever it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taskrow.engine.attempt_log import MOST_BYTES, MOST_RECORDS
from taskrow.engine.queue import QueueEngine
from taskrow.errors import NoSuchTaskError
from tests.apps import runtime
from tests.support.processes import Process, ProcessFactory, eventually
from tests.support.rows import final, submit

APP = "tests.apps.runtime:app"
pytestmark = pytest.mark.shared_worker
sqlite_only = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def worker(start: ProcessFactory) -> Process:
    return start.worker("--runners", "1", app=APP)


def logged(engine: QueueEngine, task_id: str) -> list[list[str]]:
    """The lines of each attempt without their times, when the task is over."""
    final(engine, task_id)
    texts = [one.text for one in engine.attempt_logs(task_id)]
    return [[line.partition("Z ")[2] or line for line in text.split("\n")] for text in texts]


def test_records_of_each_attempt_are_kept_newest_last(engine: QueueEngine, worker: Process) -> None:
    well = submit(engine, runtime.say, "this", "that\nand more")
    silent = submit(engine, runtime.say)
    retried = submit(engine, runtime.fail_once)
    assert logged(engine, well) == [
        ["INFO shop: it says this", "INFO shop: it says that", "and more"]
    ]
    assert logged(engine, silent) == []
    first, second = logged(engine, retried)
    assert first[0] == "WARNING shop: attempt 1"
    assert first[1] == "ERROR shop: it did not go well"
    assert first[-1] == "LookupError: gone"
    assert second == ["WARNING shop: attempt 2"]
    with pytest.raises(NoSuchTaskError):
        engine.attempt_logs("01a1fe44-2752-7936-a944-307166b7cf25")
    assert "WARNING in runtime" not in worker.output()


def test_odd_records_are_lines_like_others(engine: QueueEngine, worker: Process) -> None:
    [lines] = logged(engine, submit(engine, runtime.say_odd_things))
    long = lines.pop()
    assert lines[:-2] == [
        "WARNING tests.apps.runtime: flask's own",
        "INFO shop: (it cannot be read: RuntimeError was raised)",
        "INFO shop: nul \\0 surrogate \\udc80 escape \x1b[31m",
        r"INFO shop: two parts b'\xff\x00'",
        "INFO shop: (it cannot be read: TypeError was raised)",
        *lines[5:8],
        "INFO shop: (it cannot be read: TypeError was raised)",
    ]
    assert lines[5].startswith(r"INFO shop: \udc80\udc80")
    assert lines[-1] == f"... {1_000_043 - 4000} characters left out ..."
    assert long.endswith("xthe end")
    worker.wait_for("WARNING in runtime: flask's own")


@sqlite_only
def test_a_flood_leaves_its_newest_records(engine: QueueEngine, worker: Process) -> None:
    [lines] = logged(engine, submit(engine, runtime.flood))
    assert len(lines) == MOST_RECORDS + 1
    assert lines[0] == f"({20_000 - MOST_RECORDS} earlier records were dropped)"
    assert lines[-1] == f"INFO shop: record 19999 {'y' * 50}"
    task_id = submit(engine, runtime.say_much, 20, 3000)
    [lines] = logged(engine, task_id)
    assert lines[0] == "(15 earlier records were dropped)"
    assert len(engine.attempt_logs(task_id)[0].text) < MOST_BYTES + 100


@sqlite_only
@pytest.mark.own_worker
def test_a_task_that_configures_logging_does_so_for_itself_alone(
    engine: QueueEngine, worker: Process
) -> None:
    assert logged(engine, submit(engine, runtime.configure_logging)) == [["INFO shop: before"]]
    assert logged(engine, submit(engine, runtime.say, "more")) == []  # its logger was disabled
    [lines] = logged(engine, submit(engine, runtime.warn_elsewhere))
    assert lines == ["WARNING elsewhere: heard again"]


@sqlite_only
@pytest.mark.own_worker
def test_what_runs_in_the_tasks_context_belongs_to_it(
    engine: QueueEngine, worker: Process, tmp_path: Path
) -> None:
    [parts] = logged(engine, submit(engine, runtime.say_in_parts))
    assert [line[-1] for line in parts] == ["a", "b", "c"]
    late = submit(engine, runtime.say_later, str(tmp_path / "gate"))
    final(engine, late)
    held = submit(engine, runtime.wait_at, str(tmp_path / "mark"), str(tmp_path / "gate.said"))
    (tmp_path / "gate").touch()
    assert logged(engine, held) == []
    assert logged(engine, late) == []
    assert logged(engine, submit(engine, runtime.fork_and_say)) == [["INFO shop: parent"]]


@sqlite_only
def test_a_lost_attempt_keeps_what_its_runner_had_sent(
    engine: QueueEngine, worker: Process
) -> None:
    assert logged(engine, submit(engine, runtime.say_and_die)) == [["INFO shop: first words"]]


@sqlite_only
@pytest.mark.parametrize(
    ("level", "kept"), [("debug", 9), ('"WARNING"', 1), ("null", 0)], ids=["more", "less", "none"]
)
def test_the_level_is_a_setting(
    engine: QueueEngine, start: ProcessFactory, level: str, kept: int
) -> None:
    start.worker("--runners", "1", app=APP, env={"FLASK_TASKROW_LOG_LEVEL": level})
    lines = logged(engine, submit(engine, runtime.say_odd_things))
    said = [line for of_attempt in lines for line in of_attempt]
    assert len([line for line in said if "shop:" in line or "apps.runtime:" in line]) == kept


@sqlite_only
def test_taskrow_show_prints_them_and_no_command_to_the_terminal(
    engine: QueueEngine, worker: Process, start: ProcessFactory
) -> None:
    task_id = submit(engine, runtime.say_odd_things)
    final(engine, task_id)
    shown = start.start("taskrow", "--app", APP, "show", task_id)
    assert shown.process.wait(30) == 0
    assert "logged by attempt 1:\n" in shown.output()
    assert r"escape \x1b[31m" in shown.output()
    asked = start.start("taskrow", "--app", APP, "show", task_id, "--json")
    assert asked.process.wait(30) == 0
    [one] = json.loads(asked.output())["logs"]
    assert one["attempt"] == 1
    assert "flask's own" in one["text"]


def test_they_go_with_the_task(engine: QueueEngine, worker: Process) -> None:
    task_id = submit(engine, runtime.say, "this")
    assert logged(engine, task_id)
    eventually(lambda: engine.find(task_id) is not None)
    engine.purge(older_than=engine.clock() - engine.clock())
    with engine.database.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM task_logs").scalar() == 0
