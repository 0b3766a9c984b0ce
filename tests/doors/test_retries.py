"""Which exceptions lead to another attempt, and when; and a task that asks for it itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from taskrow import (
    AsyncResult,
    Cancel,
    OptionError,
    Retry,
    TaskCancelled,
    TaskContext,
    TaskTimeout,
)
from taskrow.domain.task import Status
from taskrow.engine.context import TaskRequest
from taskrow.engine.queue import QueueEngine
from taskrow.storage.tables import task_attempts
from tests.apps import retries
from tests.support.processes import ProcessFactory
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.retries:app"
pytestmark = pytest.mark.shared_worker


def test_only_the_exceptions_that_are_named_are_retried(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    start.worker("--runners", "2", app=APP)
    expected = {
        "OSError": 2, "ConnectionError": 2, "SystemExit": 2, "Unprintable": 2,
        "FileNotFoundError": 1, "ValueError": 1, "KeyboardInterrupt": 1,
    }  # fmt: skip
    ids = {kind: submit(engine, retries.picky, kind) for kind in expected}
    ended = {kind: final(engine, task_id) for kind, task_id in ids.items()}
    assert {kind: task.attempt for kind, task in ended.items()} == expected
    assert {task.status for task in ended.values()} == {Status.FAILED}
    assert error_of(ended["OSError"]) == ("OSError", "no")


def test_a_function_of_the_users_says_when(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, retries.by_quarters, str(tmp_path / "mark")))
    assert (task.status, task.attempt) == (Status.SUCCEEDED, 3)
    with engine.database.read() as connection:
        second = connection.execute(
            select(task_attempts.c.started_at, task_attempts.c.finished_at)
            .where(task_attempts.c.attempt == 2)
        ).one()  # fmt: skip
    assert (task.run_at - second.started_at).total_seconds() >= 0.5
    assert (task.run_at - second.finished_at).total_seconds() <= 0.5


@pytest.mark.parametrize("how", ["exit", "text", "nan", "negative", "none"])
def test_a_backoff_function_that_fails_loses_no_task_and_is_told_of(
    engine: QueueEngine, start: ProcessFactory, how: str
) -> None:
    worker = start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, retries.with_broken_backoff, how))
    assert (task.result, task.attempt) == ('"ran again"', 2)
    worker.wait_for("a backoff function failed, so the default is used")


def test_a_timeout_goes_by_the_same_rules_without_the_users_code(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    worker = start.worker("--runners", "2", app=APP)
    once = submit(engine, retries.timeouts_are_final)
    again = submit(engine, retries.timeout_with_function, str(tmp_path / "mark"))
    assert (final(engine, once).attempt, error_of(final(engine, once))[0]) == (1, "TaskTimeout")
    with pytest.raises(TaskTimeout):
        AsyncResult(once, engine).get(30)
    assert final(engine, again).result == '"ran again"'
    assert runs(tmp_path / "mark") == 2
    assert worker.process.poll() is None


@pytest.mark.parametrize(
    ("how", "times", "result"),
    [
        ("retry", 2, "[2, 2, 3]"),
        ("retry with an exception", 1, "[1, 2, 2]"),
        ("retry more often", 4, "[4, 2, 5]"),
        ("raise", 2, "[2, 2, 3]"),
        ("raise from", 1, "[1, 2, 2]"),
    ],
)
def test_a_task_that_asks_is_run_again_and_knows_how_often(
    engine: QueueEngine, start: ProcessFactory, how: str, times: int, result: str
) -> None:
    start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, retries.ask, how, times))
    assert (task.result, task.attempt) == (result, times + 1)


SPENT = ("RetriesExhausted", "the task asked to be run again, but its 2 retries are used")


@pytest.mark.parametrize(
    ("how", "attempts", "error"),
    [
        ("retry", 3, SPENT),
        ("raise", 3, SPENT),
        ("retry with an exception", 3, ("ConnectionError", "gone")),
        ("raise from", 3, ("ConnectionError", "gone")),
        ("retry more often", 5, ("ConnectionError", "gone")),
        ("retry less often", 2, ("ConnectionError", "gone")),
    ],
)
def test_when_its_retries_are_used_up_it_fails_with_what_went_wrong(
    engine: QueueEngine,
    start: ProcessFactory,
    how: str,
    attempts: int,
    error: tuple[str, str],
) -> None:
    start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, retries.ask, how, 99))
    assert (task.status, task.attempt, error_of(task)) == (Status.FAILED, attempts, error)


def test_a_task_may_cancel_itself_and_say_why(engine: QueueEngine, start: ProcessFactory) -> None:
    start.worker("--runners", "1", app=APP)
    task = final(engine, submit(engine, retries.refuse, "nobody wants it"))
    assert (task.status, task.attempt) == (Status.CANCELLED, 1)
    assert error_of(task) == ("Cancel", "nobody wants it")
    with pytest.raises(TaskCancelled, match=f"task {task.id} was cancelled: nobody wants it"):
        AsyncResult(task.id, engine).get(30)


def test_called_directly_they_are_plain_exceptions() -> None:
    with pytest.raises(Cancel, match="no"):
        retries.refuse("no")
    with pytest.raises(Retry, match="The task asked to be run again"):
        retries.ask("retry", 1)
    with pytest.raises(ConnectionError, match="gone"):
        retries.ask("retry with an exception", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("countdown", "soon"), ("countdown", -1), ("countdown", float("nan")), ("countdown", True),
        ("max_retries", -1), ("max_retries", 1.5), ("max_retries", True), ("exc", "gone"),
    ],
)  # fmt: skip
def test_what_is_asked_wrongly_is_refused(name: str, value: object) -> None:
    context = TaskContext(TaskRequest(max_retries=3))
    with pytest.raises(OptionError, match=r"^(after|max_retries|exc) must be "):
        context.retry(**{name: value})  # type: ignore[arg-type]
