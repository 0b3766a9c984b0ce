"""What a task does to its process is over with it: the next task of the same runner is unharmed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from taskrow import ArgumentsError, NoSuchScheduleError, NotATaskError, OptionError, TaskFunction
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.apps import unruly
from tests.support.processes import Process, eventually, processes

APP = "tests.apps.unruly:app"
TEN_MEGABYTES = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One worker with one runner for all of these, on the database of the application here."""
    folder = tmp_path_factory.mktemp("unruly")
    url = f"sqlite:///{folder / 'tasks.db'}"
    app = Flask("unruly")
    app.config["TASKROW_DATABASE_URL"] = url
    unruly.queue.init_app(app)
    with processes(folder, url) as start, app.app_context():
        yield start.worker("--runners", "1", app=APP)
    app.extensions["taskrow"].close()


def engine() -> QueueEngine:
    found = unruly.look.engine
    assert found.settings.database_url.endswith("tasks.db")
    return found


def look() -> dict[str, Any]:
    found: dict[str, Any] = unruly.look.delay().get(30)
    return found


def test_a_folder_that_was_changed_is_changed_back(worker: Process, tmp_path: Path) -> None:
    before = look()
    unruly.change_folder.delay(str(tmp_path)).get(30)
    assert look() == before
    (tmp_path / "gone").mkdir()
    unruly.lose_folder.delay(str(tmp_path / "gone")).get(30)
    assert look() == before


def test_replaced_streams_are_put_back(worker: Process) -> None:
    before = look()
    unruly.replace_streams.delay().get(30)
    assert look() == before
    assert before["stdout"]


def test_standard_files_that_were_closed_are_open_for_the_next(worker: Process) -> None:
    before = look()
    heard = worker.output().count("a word on the terminal")
    unruly.close_streams.delay().get(30)
    assert look() == before
    eventually(lambda: worker.output().count("a word on the terminal") > heard)


def test_a_task_that_forks_and_comes_back_twice_counts_once(
    worker: Process, tmp_path: Path
) -> None:
    before, mark = look(), tmp_path / "mark"
    task = unruly.fork_and_come_back.delay(str(mark))
    assert task.get(30) == "parent"
    parent, child = sorted(map(int, mark.read_text().split()), key=lambda pid: pid != before["pid"])
    assert parent == before["pid"]
    assert not Path(f"/proc/{child}").exists()
    assert unruly.fork_and_raise.delay().get(30) == "parent"
    assert look() == before


def test_a_task_that_closes_the_files_of_its_process_loses_it_and_nothing_else(
    worker: Process,
) -> None:
    before = look()
    task = unruly.close_files.delay()
    task.get(60, propagate=False)
    row = engine().get(task.id)
    assert (row.status, row.attempt) == (Status.FAILED, 2)
    assert json.loads(row.error or "")["type"] == "WorkerLost"
    after = look()
    assert after["pid"] != before["pid"]
    assert after["cwd"] == before["cwd"]
    assert worker.process.poll() is None


@pytest.mark.parametrize(
    "kind", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "Unprintable"]
)
def test_what_ends_other_programs_is_a_failure_here(worker: Process, kind: str) -> None:
    before = look()
    task = unruly.raise_it.delay(kind)
    task.get(30, propagate=False)
    error = json.loads(engine().get(task.id).error or "")
    assert error["type"].rpartition(".")[2] == kind
    assert look() == before


WRONG_CALLS: list[Callable[[], object]] = [
    lambda: unruly.length.apply_async("abc"),
    lambda: unruly.length.apply_async(5),  # type: ignore[arg-type]
    lambda: unruly.length.apply_async(kwargs=["abc"]),  # type: ignore[arg-type]
    lambda: unruly.queue.send_task("elsewhere", "abc"),
    lambda: unruly.queue.schedule("often", unruly.length, every=60, args="abc"),
    lambda: unruly.queue.submit_many(unruly.length, ["abc"]),  # type: ignore[list-item]
    lambda: unruly.queue.submit_many(unruly.length, 5),  # type: ignore[call-overload]
]


@pytest.mark.parametrize("call", WRONG_CALLS)
def test_a_text_is_not_many_arguments(worker: Process, call: Callable[[], object]) -> None:
    with pytest.raises(ArgumentsError, match=r"^(args|kwargs) must be a "):
        call()


def test_what_is_no_iterable_of_calls_is_refused(worker: Process) -> None:
    with pytest.raises(NotATaskError, match=r"^submit_many takes calls such as task.s\(1, 2\)"):
        unruly.queue.submit_many(5)  # type: ignore[call-overload]
    for name in (5, None):
        with pytest.raises(NoSuchScheduleError, match=f"there is no schedule {name}"):
            unruly.queue.pause_schedule(name)  # type: ignore[arg-type]


def test_an_eta_in_the_far_past_runs_at_once(worker: Process) -> None:
    for eta in (datetime(1970, 1, 1, tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        assert unruly.length.apply_async(("abc",), eta=eta).get(30) == 3
    assert unruly.length.apply_async(("abc",), countdown=-(10**9)).get(30) == 3


def test_ten_megabytes_of_arguments_are_refused_in_one_sentence(worker: Process) -> None:
    with pytest.raises(ArgumentsError, match=r"take 10,485,\d+ bytes, over the limit of 1,048,576"):
        unruly.length.delay("x" * TEN_MEGABYTES)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_ten_megabytes_go_through_where_they_are_allowed(database_url: str, tmp_path: Path) -> None:
    app = Flask("large")
    app.config.update(TASKROW_DATABASE_URL=database_url, TASKROW_MAX_PAYLOAD=2 * TEN_MEGABYTES)
    unruly.queue.init_app(app)
    with processes(tmp_path, database_url) as start, app.app_context():
        start.worker(
            "--runners", "1", app=APP, env={"FLASK_TASKROW_MAX_PAYLOAD": str(2 * TEN_MEGABYTES)}
        )
        assert unruly.length.delay("ü" * (TEN_MEGABYTES // 2)).get(60) == TEN_MEGABYTES // 2
        assert unruly.length.delay("abc").get(30) == 3
    app.extensions["taskrow"].close()


SUBMIT_OPTIONS = {
    "countdown": ["5", True, timedelta(1), float("nan"), float("inf"), 10**12, [1], b""],
    "eta": ["tomorrow", 5, datetime(2999, 1, 1), datetime(2999, 1, 1).date(), True],
    "expires": ["5", True, -1, 0, float("nan"), float("inf"), datetime(2999, 1, 1), [1]],
    "queue": ["", 7, b"mail", "two\nlines", True],
    "priority": ["high", 1.0, True, 2**31, -(2**31) - 1, [1]],
    "retries": ["3", 1.5, True, -1, 2**31, [1]],
    "unique_key": ["", 7, b"key", "two\nlines", "x" * 501, True],
    "task_id": ["", 7, "my-id", "01A1FE44-2752-7936-A944-307166B7CF25", True, b"x" * 36],
}


@pytest.mark.parametrize(
    ("option", "value"), [(name, value) for name, all_ in SUBMIT_OPTIONS.items() for value in all_]
)
def test_every_option_of_a_submit_is_checked_before_anything_is_written(
    worker: Process, option: str, value: object
) -> None:
    options: dict[str, Any] = {option: value}
    with pytest.raises(OptionError, match=rf"^{option} must be .*not ") as refused:
        unruly.length.apply_async(("abc",), **options)
    assert len(str(refused.value)) < 400


def test_the_sweep_leaves_no_option_out() -> None:
    names = submit_option_names(TaskFunction.apply_async)
    assert names - {"session"} == set(SUBMIT_OPTIONS)


def submit_option_names(function: Callable[..., Any]) -> set[str]:
    defaults = function.__kwdefaults__ or {}
    return set(defaults)
