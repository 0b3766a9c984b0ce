"""The options of ``@async_api``: those of tasks, for each view and each method of a view class."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow import OptionError, async_api
from taskrow.domain.task import Status, Task
from taskrow.engine.queue import QueueEngine
from tests.doors.http import get, request
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, runs

APP = "tests.apps.view_options:app"
pytestmark = pytest.mark.shared_worker


@pytest.fixture
def base(start: ProcessFactory) -> str:
    return start.web(APP)[1]


def submitted(base: str, path: str, method: str = "GET") -> str:
    return request(method, base + path).headers["Location"].rpartition("/")[2]


def kept_for(task: Task) -> int:
    assert task.purge_at is not None
    assert task.finished_at is not None
    return round((task.purge_at - task.finished_at).total_seconds())


def test_a_view_that_overstays_its_timeout_is_ended_and_answers_500(
    engine: QueueEngine, start: ProcessFactory, base: str, tmp_path: Path
) -> None:
    start.worker("--runners", "1", app=APP)
    task_id = submitted(base, f"/overstays?mark={tmp_path / 'mark'}")
    assert error_of(final(engine, task_id))[0] == "TaskTimeout"
    answer = get(f"{base}/status/{task_id}")
    assert (answer.status, answer.json["type"]) == (500, "urn:taskrow:problem:failed")


def test_a_view_that_may_run_only_once_is_not_run_again_when_its_worker_is_lost(
    engine: QueueEngine, start: ProcessFactory, base: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    worker = start.worker("--runners", "1", app=APP)
    task_id = submitted(base, f"/charge?mark={mark}")
    eventually(lambda: runs(mark))
    worker.kill()
    start.worker("--runners", "1", app=APP)
    assert final(engine, task_id).status is Status.FAILED
    assert runs(mark) == 1


def test_each_method_of_a_class_has_its_own(
    engine: QueueEngine, start: ProcessFactory, base: str
) -> None:
    reading, writing = submitted(base, "/report"), submitted(base, "/report", "PUT")
    start.worker(app=APP)
    read, written = final(engine, reading), final(engine, writing)
    assert (read.name, read.queue, read.priority) == ("view:report.get", "reports", 7)
    assert (written.name, written.queue, written.priority) == ("view:report.put", "default", 0)
    assert (kept_for(read), kept_for(written)) == (50, 9000)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retires": 1}, "'retires' is no option of async_api; there are"),
        ({"quue": "x"}, "did you mean 'queue'"),
        ({"timeout": -1}, "timeout must be seconds"),
        ({"at_most_once": "yes"}, "at_most_once must be True or False"),
        ({"at_most_once": True, "crash_limit": 2}, "give one of them"),
        ({"validate": "x"}, "validate must be a function"),
        ({"coalesce": 1}, "coalesce must be True or False"),
        ({"retries": 3}, "'retries' is no option of async_api"),
    ],
)
def test_a_wrong_option_fails_where_it_is_written(options: dict[str, object], words: str) -> None:
    with pytest.raises(OptionError, match=words):
        async_api(**options)
