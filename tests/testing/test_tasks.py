"""The fixture ``tasks``: what it runs, what it tells, and what it leaves behind."""

from __future__ import annotations

import signal
from datetime import timedelta
from unittest.mock import ANY

import pytest
from flask import Flask

from taskrow import AsyncResult
from taskrow.domain.task import Status
from taskrow.engine.clock import utc_now
from taskrow.testing import Tasks, worker
from taskrow.testing.driven import driven
from tests.apps.doors.tasks import (
    add,
    chatter,
    double,
    echo,
    executor,
    fail,
    flaky,
    give,
    misreport,
    queue,
    unjson,
    who_am_i,
)


@queue.task
def submit_two() -> list[str]:
    return [add.delay(1, 1).id, add.apply_async((2, 2), countdown=60).id]


@queue.task(soft_timeout=60)
def quick() -> str:
    return "quick"


@queue.task
def again() -> None:
    again.delay()


@queue.task(bind=True)
def cancel_me(self: object) -> None:
    request = self.request  # type: ignore[attr-defined]
    queue.engine().cancel(request.id)
    self.update_state(meta={})  # type: ignore[attr-defined]


# -- running -----------------------------------------------------------------------------------


def test_nothing_runs_by_itself_and_then_all_that_is_due(tasks: Tasks) -> None:
    results = [add.delay(n, n) for n in range(3)]
    assert {result.state for result in results} == {"PENDING"}
    assert [task.result for task in tasks.run_pending()] == [0, 2, 4]
    assert [result.get() for result in results] == [0, 2, 4]
    assert tasks.run_pending() == []


def test_higher_priority_runs_first_and_every_queue_has_its_turn(tasks: Tasks) -> None:
    give.delay("second")
    give.apply_async(("first",), priority=5)
    give.apply_async(("elsewhere",), queue="mail")
    assert sorted(str(task.result) for task in tasks.run_pending()) == [
        "elsewhere",
        "first",
        "second",
    ]
    ran = [task.result for task in tasks.submitted() if task.queue == "default"]
    assert ran == ["second", "first"]


def test_what_a_task_submits_runs_too_when_it_is_due(tasks: Tasks) -> None:
    submit_two.delay()
    assert [task.name for task in tasks.run_pending()] == [submit_two.name, add.name]
    assert [task.result for task in tasks.advance(minutes=1)] == [4]


def test_a_task_that_submits_itself_does_not_run_for_ever(
    tasks: Tasks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MOST", 10)
    again.delay()
    with pytest.raises(RuntimeError, match="10 tasks have run and more are due"):
        tasks.run_pending()


def test_a_task_knows_itself_and_says_how_far_it_is(tasks: Tasks) -> None:
    result = who_am_i.delay()
    chat = chatter.delay(3)
    tasks.run_pending()
    assert result.get() == {"id": result.id, "name": who_am_i.name, "attempt": 1, "retries": 0}
    assert chat.get() == "said"
    assert tasks.engine.get(chat.id).progress == (
        '{"state": "PROGRESS", "meta": {"current": 2, "total": 3}}'
    )


def test_what_is_no_json_fails_as_with_a_worker(tasks: Tasks, tmp_path: object) -> None:
    unjson.delay(f"{tmp_path}/mark")
    misreport.delay("type")
    errors = [(task.status, str(task.error)) for task in tasks.run_pending()]
    assert errors[0][1].endswith("the result of a task must be JSON")
    assert errors[1][1].endswith("progress must be JSON")
    assert {status for status, _ in errors} == {Status.FAILED}


def test_a_task_that_is_cancelled_while_it_runs_hears_it(tasks: Tasks) -> None:
    cancel_me.delay()
    [ran] = tasks.run_pending()
    assert ran.status is Status.CANCELLED


def test_futures_are_done_when_their_tasks_have_run(tasks: Tasks) -> None:
    future, mapped = double.submit(4), executor.map(give, ["a", "b"])
    tasks.run_pending()
    assert (future.result(30), list(mapped)) == (8, ["a", "b"])


def test_a_soft_timeout_leaves_the_alarm_of_the_test_runner_alone(tasks: Tasks) -> None:
    before = signal.setitimer(signal.ITIMER_REAL, 90)
    quick.delay()
    [ran] = tasks.run_pending()
    left, _ = signal.setitimer(signal.ITIMER_REAL, *before)
    assert ran.result == "quick"
    assert 0 < left < 90


# -- what was submitted ------------------------------------------------------------------------


def test_arguments_fit_however_they_were_given(tasks: Tasks) -> None:
    add.delay(1, b=2)
    echo.delay(1, 2, three=3, four=[4])
    for found in (
        tasks.assert_submitted(add),
        tasks.assert_submitted(add, 1),
        tasks.assert_submitted(add, b=2),
        tasks.assert_submitted(add.name, a=1, b=2),
        tasks.assert_submitted(add, ANY, 2),
        tasks.assert_submitted(add, b=pytest.approx(2.0)),
    ):
        assert (found.args, found.kwargs) == ((1,), {"b": 2})
    tasks.assert_submitted(echo, 1, four=(4,))  # as JSON has it
    tasks.assert_not_submitted(add, 2)
    tasks.assert_not_submitted(echo, 1, 3)
    tasks.assert_not_submitted(echo, five=5)
    with pytest.raises(TypeError, match="unexpected keyword argument 'c'"):
        tasks.assert_submitted(add, c=1)


def test_the_newest_that_fits_is_returned(tasks: Tasks) -> None:
    results = [add.delay(1, n) for n in range(3)]
    assert tasks.assert_submitted(add, 1).id == results[-1].id
    assert [task.id for task in tasks.submitted(add)] == [result.id for result in results]


def test_failures_say_what_there_was(tasks: Tasks) -> None:
    with pytest.raises(AssertionError) as nothing:
        tasks.assert_submitted(add, 1)
    assert str(nothing.value) == f"{add.name}(1) was not submitted; nothing was"
    add.delay(2, b=3)
    double.submit(4)
    with pytest.raises(AssertionError) as others:
        tasks.assert_submitted(add, 1)
    assert str(others.value) == (
        f"{add.name}(1) was not submitted; there were:\n"
        f"  {add.name}(2, b=3)  queued\n"
        f"  {double.task.name}(4)  queued"
    )
    with pytest.raises(AssertionError, match=r"add\(b=3\) was submitted; there were:"):
        tasks.assert_not_submitted(add, b=3)


def test_a_task_of_which_only_the_name_is_known(tasks: Tasks) -> None:
    queue.send_task("elsewhere.task", [1, 2], {"a": "b"})
    tasks.assert_submitted("elsewhere.task", 1, a="b")
    tasks.assert_not_submitted("elsewhere.task", 2)
    assert tasks.run_pending() == []
    assert tasks.advance(hours=25) == []
    assert [task.status for task in tasks.submitted()] == [Status.SCHEDULED]  # for who knows it


def test_clear_deletes_what_was_submitted_run_or_not(tasks: Tasks) -> None:
    add.delay(1, 1)
    tasks.run_pending()
    add.delay(2, 2)
    tasks.clear()
    assert tasks.submitted() == []
    assert tasks.run_pending() == []


def test_rows_from_before_the_test_are_left_alone(app: Flask, tmp_path: object) -> None:
    before = add.apply_async((1, 2), countdown=3600)
    with driven(app, tmp_path / "unused.db") as tasks:  # type: ignore[operator]
        mine = add.delay(3, 4)
        assert [task.id for task in tasks.submitted()] == [mine.id]
    engine = queue.engine()
    assert engine.clock is utc_now
    assert engine.get(before.id).status is Status.SCHEDULED
    assert engine.find(mine.id) is None


# -- eager -------------------------------------------------------------------------------------


@pytest.fixture
def eager(tasks: Tasks) -> Tasks:
    tasks.eager = True
    return tasks


def test_an_eager_task_is_over_when_it_is_submitted(eager: Tasks) -> None:
    assert add.delay(1, 2).get(0) == 3
    assert add.apply_async((1, 2), countdown=3600).get(0) == 3
    assert add.s(3, 4).apply_async().get(0) == 7
    assert [result.get(0) for result in queue.submit_many(add, [(1, 1), (2, 2)])] == [2, 4]
    assert executor.submit(add, 5, 5).result(30) == 10
    assert eager.run_pending() == []


def test_an_eager_task_is_retried_at_once_and_its_failure_is_in_the_row(eager: Tasks) -> None:
    assert flaky.delay(1).get(0) == {"attempt": 2, "retries": 1}
    with pytest.raises(LookupError, match="no luck at attempt 2"):
        flaky.delay(5).get(0)
    with pytest.raises(ValueError, match="no"):
        fail.delay("value").get(0)


def test_an_eager_task_may_submit_others(eager: Tasks) -> None:
    ids = submit_two.delay().get(0)
    assert [AsyncResult(task_id, eager.engine).get(0) for task_id in ids] == [2, 4]


def test_what_an_eager_process_does_not_know_waits_for_a_worker(eager: Tasks) -> None:
    queue.send_task("elsewhere.task")
    assert [task.status for task in eager.submitted()] == [Status.QUEUED]


# -- time --------------------------------------------------------------------------------------


def test_the_clock_stands_still_and_goes_forward_only(tasks: Tasks) -> None:
    start = tasks.now
    add.delay(1, 2)
    tasks.run_pending()
    assert tasks.now == start
    tasks.advance(timedelta(hours=1), minutes=30)
    assert tasks.now - start == timedelta(hours=1, minutes=30)
    with pytest.raises(ValueError, match="goes forward only"):
        tasks.advance(seconds=-1)


def test_while_nobody_works_only_the_clock_is_turned(tasks: Tasks) -> None:
    give.apply_async(("late",), countdown=60)
    assert tasks.advance(hours=1, run=False) == []
    assert [task.result for task in tasks.run_pending()] == ["late"]
