"""Door 2: how a run ends: well, after retries, or for good; and what the row says of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taskrow import AsyncResult, TaskFailed
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine.queue import QueueEngine
from tests.apps.doors.tasks import add, crash, decode, fail, flaky, repeat, unjson, who_am_i
from tests.doors.site import APP, Site, soon
from tests.support.processes import ProcessFactory

MODULE = "tests.apps.doors.tasks"


def error_of(site: Site, task: AsyncResult) -> dict[str, str]:
    row = site.final(task)
    assert row.status is Status.FAILED
    error: dict[str, str] = json.loads(row.error or "{}")
    return error


def test_a_bound_function_knows_its_task(in_app: Site) -> None:
    task = who_am_i.delay()
    assert task.get(30) == {
        "id": task.id, "name": f"{MODULE}.who_am_i", "attempt": 1, "retries": 0,
    }  # fmt: skip


def test_an_exception_leads_to_another_attempt_and_the_row_says_when(in_app: Site) -> None:
    task = flaky.delay(1)

    def look() -> dict[str, str] | None:
        row = in_app.engine.get(task.id)
        return json.loads(row.error) if row.status is Status.SCHEDULED and row.error else None

    waiting = soon(look)
    assert waiting == {"type": "LookupError", "message": "no luck at attempt 1"}
    assert task.state == "PENDING"
    assert task.get(30) == {"attempt": 2, "retries": 1}
    row = in_app.final(task)
    assert (row.attempt, row.error, row.traceback) == (2, None, None)


def test_when_all_retries_are_used_the_last_exception_stays(in_app: Site) -> None:
    task = flaky.delay(9)
    assert error_of(in_app, task) == {"type": "LookupError", "message": "no luck at attempt 2"}
    row = in_app.final(task)
    assert row.attempt == 2
    assert "in flaky" in (row.traceback or "")
    assert "taskrow/engine" not in (row.traceback or "")


def test_without_retries_the_first_exception_is_final(in_app: Site) -> None:
    task = fail.delay("value", "süß \0 \ud800")
    assert error_of(in_app, task) == {"type": "ValueError", "message": "süß \\0 \\ud800"}
    assert in_app.final(task).attempt == 1


def test_a_result_that_is_no_json_fails_by_its_type_and_is_not_run_again(
    in_app: Site, tmp_path: Path
) -> None:
    task = unjson.delay(str(tmp_path / "mark"))
    error = error_of(in_app, task)
    assert error["type"] == "ResultError"
    assert error["message"].startswith("the result['at'][0] is of type PosixPath")
    assert in_app.final(task).attempt == 1
    assert (tmp_path / "mark").read_text() == "ran\n"


def test_a_result_over_the_limit_fails_and_says_so(in_app: Site) -> None:
    error = error_of(in_app, repeat.delay("x", 2**20))
    assert "over the limit of 1,048,576" in error["message"]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("exit", {"type": "SystemExit", "message": "no"}),
        ("recursion", {"type": "RecursionError", "message": "maximum recursion depth exceeded"}),
        (
            "unprintable",
            {
                "type": f"{MODULE}.Unprintable",
                "message": "(its message cannot be read: str() raised RuntimeError)",
            },
        ),
        ("group", {"type": "ExceptionGroup", "message": "no (2 sub-exceptions)"}),
    ],
)
def test_an_odd_exception_is_a_failure_like_any_other(
    in_app: Site, how: str, error: dict[str, str]
) -> None:
    assert error_of(in_app, fail.delay(how)) == error
    assert add.delay(1, 2).get(30) == 3


def test_the_traceback_of_a_deep_recursion_is_cut(in_app: Site) -> None:
    row = in_app.final(fail.delay("recursion"))
    assert "in recurse" in (row.traceback or "")
    assert len(row.traceback or "") <= 64 * 1024


@pytest.mark.parametrize(("how", "words"), [("exit", "exit code 3"), ("segfault", "signal 11")])
def test_a_task_that_kills_its_process_fails_after_its_limit_and_takes_nothing_with_it(
    in_app: Site, how: str, words: str
) -> None:
    poison = crash.delay(how)
    others = [add.delay(number, 1) for number in range(20)]
    assert [task.get(30) for task in others] == [number + 1 for number in range(20)]
    error = error_of(in_app, poison)
    assert (error["type"], in_app.final(poison).attempt) == ("WorkerLost", 2)
    assert words in error["message"]
    assert [in_app.final(task).attempt for task in others] == [1] * 20
    assert in_app.worker.process.poll() is None


def test_a_failure_reaches_whoever_waits(in_app: Site) -> None:
    with pytest.raises(TaskFailed, match="exit code 3") as lost:
        crash.delay("exit").get(30)
    assert lost.value.type == "WorkerLost"
    with pytest.raises(UnicodeDecodeError, match="can't decode byte 0xff") as undecoded:
        decode.delay("ff").get(30)
    assert isinstance(undecoded.value, TaskFailed)


def test_a_name_that_no_worker_knows_waits_visibly_until_one_does(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    task_id = engine.submit("tests.apps.basic.add", '{"args": [1, 2]}', TaskOptions())
    ignorant = start.worker("--runners", "1", app=APP)
    soon(lambda: engine.get(task_id).error)
    row = engine.get(task_id)
    assert (row.status, row.attempt) == (Status.SCHEDULED, 0)
    assert json.loads(row.error or "") == {
        "type": "UnknownTask",
        "message": "no worker knows 'tests.apps.basic.add' yet; it runs when one does",
    }
    assert ignorant.stop() == 0
    start.worker("--burst", "--runners", "1").process.wait(30)
    row = engine.get(task_id)
    assert (row.status, row.attempt, row.result, row.error) == (Status.SUCCEEDED, 1, "3", None)
