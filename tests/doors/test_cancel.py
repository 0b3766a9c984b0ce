"""Cancelling: what waits is cancelled at once, what runs is asked, what is over stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from taskrow import NoSuchTaskError, TaskCancelled, TransitionError
from taskrow.domain.task import Status
from tests.apps.doors.tasks import add, obedient, stand
from tests.doors.site import Site
from tests.doors.test_ids import KNOWN_SHAPE
from tests.support.processes import eventually


def test_a_task_that_waits_is_cancelled_and_never_runs(in_app: Site) -> None:
    task = add.apply_async((1, 2), countdown=60)
    assert in_app.engine.cancel(task.id) is Status.SCHEDULED
    row = in_app.engine.get(task.id)
    assert (row.status, row.attempt) == (Status.CANCELLED, 0)
    assert row.finished_at is not None


def test_a_task_that_runs_hears_it_at_its_next_update_and_may_clean_up(
    in_app: Site, tmp_path: Path
) -> None:
    task = obedient.delay(str(tmp_path / "mark"))
    eventually(lambda: in_app.engine.get(task.id).progress)  # it may be claimed before it begins
    assert in_app.engine.cancel(task.id) is Status.RUNNING
    assert in_app.engine.get(task.id).cancel_requested_at is not None
    with pytest.raises(TaskCancelled):
        task.get(30)
    row = in_app.engine.get(task.id)
    assert (row.status, row.attempt) == (Status.CANCELLED, 1)
    assert (tmp_path / "mark").read_text() == "cleaned up"


def test_a_task_that_does_not_listen_ends_as_it_would_have(in_app: Site, tmp_path: Path) -> None:
    task = stand.delay(str(tmp_path / "gate"))
    eventually((tmp_path / "gate.running").exists)
    in_app.engine.cancel(task.id)
    in_app.engine.cancel(task.id)  # to ask twice changes nothing
    (tmp_path / "gate").touch()
    assert task.get(30) == "through"


def test_the_stopped_tasks_runner_goes_on_with_others(in_app: Site, tmp_path: Path) -> None:
    running = [obedient.delay(str(tmp_path / str(number))) for number in range(2)]
    behind = add.delay(1, 2)
    for task in running:
        eventually(lambda task=task: in_app.engine.get(task.id).progress)  # type: ignore[misc]
        in_app.engine.cancel(task.id)
    assert behind.get(30) == 3


def test_what_is_over_cannot_be_cancelled(in_app: Site) -> None:
    task = add.delay(1, 2)
    task.get(30)
    with pytest.raises(TransitionError, match="succeeded"):
        in_app.engine.cancel(task.id)
    assert task.get(30) == 3


@pytest.mark.parametrize("task_id", [KNOWN_SHAPE, "junk"])
def test_what_is_not_there_cannot_be_cancelled(in_app: Site, task_id: str) -> None:
    with pytest.raises(NoSuchTaskError, match=f"there is no task '{task_id}'"):
        in_app.engine.cancel(task_id)


def test_a_cancelled_view_is_gone(site: Site, tmp_path: Path) -> None:
    with site.app.app_context():
        site.occupy(tmp_path / "gate")
    accepted = site.submit("/echo/x")
    site.engine.cancel(accepted.headers["Location"].removeprefix("/status/"))
    assert site.answer(accepted).status_code == 410
    (tmp_path / "gate").touch()
