"""``expires``: a task that was not started by then is never run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from taskrow import AsyncResult, OptionError, TaskCancelled
from taskrow.domain.options import TaskOptions
from taskrow.domain.task import Status
from taskrow.engine.clock import utc_now
from taskrow.engine.queue import QueueEngine
from tests.apps import options
from tests.apps.doors.tasks import add
from tests.doors.site import Site
from tests.support.processes import ProcessFactory, eventually
from tests.support.rows import error_of, final, runs, submit

APP = "tests.apps.options:app"


def test_what_waited_too_long_is_cancelled_and_never_run(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    ids = [submit(engine, options.fleeting, str(tmp_path / "mark")) for _ in range(20)]
    beside = submit(engine, options.add, 1, 2)
    expires_at = engine.get(ids[-1]).expires_at
    assert expires_at is not None
    eventually(lambda: utc_now() > expires_at)
    worker = start.worker("--runners", "1", app=APP)
    ended = [final(engine, task_id) for task_id in ids]
    assert {(task.status, task.attempt, task.started_at) for task in ended} == {
        (Status.CANCELLED, 0, None)
    }
    assert error_of(ended[0])[0] == "Expired"
    assert error_of(ended[0])[1].startswith("it was not started by 20")
    assert final(engine, beside).result == "3"
    assert runs(tmp_path / "mark") == 0
    worker.wait_for(f"{ids[0]} tests.apps.options.fleeting cancelled after 0.000 s: Expired: ")
    with pytest.raises(TaskCancelled, match="was cancelled: it was not started by"):
        AsyncResult(ids[0], engine).get(30)


@pytest.mark.shared_worker
def test_what_was_started_in_time_may_be_retried_later(
    engine: QueueEngine, start: ProcessFactory, tmp_path: Path
) -> None:
    task_id = submit(engine, options.fails_once, str(tmp_path / "mark"))
    start.worker("--runners", "1", app=APP)
    assert (final(engine, task_id).result, final(engine, task_id).attempt) == ('"went well"', 2)


@pytest.mark.shared_worker
def test_a_retry_by_hand_forgets_that_it_expired(
    engine: QueueEngine, start: ProcessFactory
) -> None:
    past = utc_now() - timedelta(seconds=1)
    task_id = engine.submit(
        "tests.apps.options.add", '{"args": [1, 2]}', TaskOptions(), expires_at=past
    )
    start.worker("--runners", "1", app=APP)
    assert final(engine, task_id).status is Status.CANCELLED
    engine.retry(task_id)
    assert final(engine, task_id).result == "3"


def test_one_task_may_expire_by_seconds_or_by_a_time(in_app: Site) -> None:
    for expires in (0.05, timedelta(milliseconds=50), datetime(2000, 1, 1, tzinfo=UTC)):
        task = add.apply_async((1, 2), countdown=0.1, expires=expires)
        row = in_app.final(task)
        assert (row.status, row.attempt, task.state) == (Status.CANCELLED, 0, "REVOKED")
    assert add.apply_async((1, 2), expires=60).get(30) == 3


def test_a_time_in_any_zone_is_kept_in_utc(in_app: Site) -> None:
    expires = datetime(2999, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    row = in_app.final(add.apply_async((1, 2), expires=expires))
    assert (row.status, row.expires_at) == (Status.SUCCEEDED, expires)


@pytest.mark.parametrize(
    "expires",
    [0, -1, True, "60", float("nan"), 2**40, timedelta(0), datetime(2999, 1, 1),
     datetime.max.replace(tzinfo=timezone(timedelta(hours=-2)))],
)  # fmt: skip
def test_what_is_no_time_is_refused(in_app: Site, expires: Any) -> None:
    before = in_app.count()
    with pytest.raises(OptionError, match=r"^expires must be "):
        add.apply_async((1, 2), expires=expires)
    assert in_app.count() == before
