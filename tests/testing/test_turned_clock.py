"""Rules of days and weeks, seen with the clock turned: our own use of what users get."""

from __future__ import annotations

from itertools import pairwise

import pytest

from taskrow.domain.task import Status
from taskrow.testing import Tasks
from tests.apps.doors.tasks import add, fail, give, queue


@queue.task(retries=4, backoff=lambda failures, _: failures)
def never_well() -> None:
    raise ConnectionError("no")


@queue.task(crash_limit=2)
def unlucky() -> str:
    return "at last"


@queue.task(at_most_once=True)
def charge() -> str:
    return "charged"


def test_each_task_runs_at_its_time(tasks: Tasks) -> None:
    for name, seconds in (("third", 3600), ("first", 1), ("second", 60)):
        give.apply_async((name,), countdown=seconds)
    start = tasks.now
    ran = [(task.result, task.row.started_at) for task in tasks.advance(hours=2)]
    assert [name for name, _ in ran] == ["first", "second", "third"]
    assert [(at - start).total_seconds() for _, at in ran if at is not None] == [1, 60, 3600]


def test_retries_come_ever_later_and_then_no_more(tasks: Tasks) -> None:
    never_well.delay()
    tasks.run_pending()
    started = [task.row.started_at for task in tasks.advance(hours=1)]
    starts = [at for at in started if at is not None]
    pauses = [(b - a).total_seconds() for a, b in pairwise(starts)]
    assert len(starts) == 4
    for pause, full in zip(pauses, (2, 3, 4), strict=True):
        assert full <= pause <= full + 0.001
    assert tasks.submitted()[0].status is Status.FAILED


def test_finished_rows_go_after_a_day_and_failed_ones_after_a_week(tasks: Tasks) -> None:
    add.delay(1, 2)
    fail.delay("value")
    tasks.run_pending()
    tasks.advance(hours=23, minutes=59)
    assert len(tasks.submitted()) == 2
    tasks.advance(minutes=2)
    assert [task.name for task in tasks.submitted()] == [fail.name]
    tasks.advance(days=6)
    assert tasks.submitted() == []


def test_a_task_survives_so_many_lost_workers_and_no_more(tasks: Tasks) -> None:
    result = unlucky.delay()
    for _ in range(2):
        tasks.lose_worker()
    tasks.run_pending()
    [ran] = tasks.advance(minutes=1)
    assert (ran.attempt, result.get(0)) == (3, "at last")
    unlucky.delay()
    for _ in range(3):
        tasks.lose_worker()
    tasks.run_pending()
    assert tasks.advance(minutes=1) == []
    error = tasks.submitted()[-1].error
    assert "is gone" in str(error)


@pytest.mark.parametrize("silently", [False, True])
def test_what_may_run_only_once_fails_with_its_worker(tasks: Tasks, silently: bool) -> None:
    result = charge.delay()
    tasks.lose_worker(silently=silently)
    assert tasks.run_pending() == []
    tasks.advance(seconds=29)
    assert result.failed() is not silently  # nobody is told: it takes a lease
    tasks.advance(seconds=1)
    assert result.failed()


def test_what_may_run_only_once_does_so_also_when_its_submitter_did_not_know(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(tasks.engine.registry, "find", lambda _: None)
        result = queue.send_task(charge.name)
    assert tasks.engine.get(result.id).crash_limit == 3
    tasks.lose_worker()
    tasks.run_pending()
    assert tasks.advance(seconds=1) == []
    assert result.failed()


def test_a_lost_worker_takes_only_what_it_had_claimed(tasks: Tasks) -> None:
    results = [give.delay(n) for n in range(3)]
    tasks.lose_worker()
    assert [task.result for task in tasks.run_pending()] == [1, 2]
    assert [task.result for task in tasks.advance(seconds=1)] == [0]
    assert [result.get(0) for result in results] == [0, 1, 2]
