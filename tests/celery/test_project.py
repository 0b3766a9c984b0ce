"""Flask's documented pattern: an application factory, FlaskTask, shared tasks, beat."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taskrow import TaskFailed, TransitionError
from taskrow.celery import AsyncResult
from taskrow.celery.result import AsyncResult as ResultOfModule
from taskrow.domain.task import Status
from tests.apps.celery_words import (
    add_together,
    automatic,
    flaky,
    ignoring,
    later,
    never,
    obedient,
    stand,
    unstored,
    where_am_i,
    who_am_i,
)
from tests.celery.conftest import Project
from tests.support.processes import eventually

pytestmark = pytest.mark.shared_worker


def test_shared_tasks_run_in_the_worker_of_the_application_factory(project: Project) -> None:
    project.work()
    result = add_together.delay(1, b=2)
    assert isinstance(result, AsyncResult)
    assert AsyncResult is ResultOfModule
    assert AsyncResult(result.id).get(timeout=30, interval=0.1) == 3
    assert (result.state, result.successful(), result.failed()) == ("SUCCESS", True, False)
    assert (result.name, result.queue) == ("tests.apps.celery_words.add_together", "celery")
    assert result.date_done is not None
    assert later.delay(1).get(30) is not None


def test_the_call_of_the_applications_task_class_is_in_the_way(project: Project) -> None:
    project.work()
    told = where_am_i.delay().get(30)
    assert told["app"] == "tests.apps.celery_words"
    assert told["calls"] >= 1


def test_an_ignored_result_need_not_be_json(project: Project) -> None:
    project.work()
    assert unstored.delay().get(30) is None


def test_a_bound_task_knows_its_request_and_so_does_what_it_calls(project: Project) -> None:
    project.work()
    result = who_am_i.delay(1, two=2)
    assert result.get(30) == {
        "id": result.id,
        "helper": result.id,
        "name": "tests.apps.celery_words.who_am_i",
        "args": [1],
        "kwargs": {"two": 2},
        "retries": 0,
        "routing_key": "celery",
        "called_directly": False,
        "max_retries": 3,
    }


def test_retry_counts_up_to_max_retries_and_then_raises_what_it_was_given(
    project: Project,
) -> None:
    project.work()
    assert flaky.delay(2).get(30) == 2
    with pytest.raises(LookupError, match="no luck at 2") as spent:
        flaky.delay(3).get(30)
    assert isinstance(spent.value, TaskFailed)
    with pytest.raises(ValueError, match="that was it"):
        never.delay().get(30)


@pytest.mark.parametrize(("kind", "runs"), [("os", 2), ("missing", 1), ("value", 1)])
def test_only_autoretry_for_retries_by_itself(
    project: Project, tmp_path: Path, kind: str, runs: int
) -> None:
    project.work()
    with pytest.raises(TaskFailed):
        automatic.delay(str(tmp_path / "mark"), kind).get(30)
    assert (tmp_path / "mark").read_text().split() == [kind] * runs


def test_ignore_ends_a_task_as_revoked(project: Project) -> None:
    project.work()
    result = ignoring.delay()
    result.get(30, propagate=False)
    assert result.state == "REVOKED"


def test_revoke_cancels_what_waits_asks_what_runs_and_ends_it_where_told(
    project: Project, tmp_path: Path
) -> None:
    waiting = add_together.apply_async((1, 2), countdown=60)
    waiting.revoke()
    assert (waiting.state, waiting.ready()) == ("REVOKED", True)
    waiting.revoke()  # once more does no harm, as in Celery
    project.work()
    running = obedient.delay()
    eventually(lambda: running.state == "PROGRESS")
    project.celery.control.revoke(running.id)
    running.get(30, propagate=False)
    assert running.state == "REVOKED"
    deaf = stand.delay(str(tmp_path / "gate that nobody opens"))
    eventually(lambda: project.engine.get(deaf.id).status is Status.RUNNING)
    deaf.revoke(terminate=True, signal="SIGKILL")
    deaf.get(30, propagate=False)
    assert deaf.state == "REVOKED"


def test_forget_deletes_what_is_over_and_refuses_the_rest(project: Project, tmp_path: Path) -> None:
    waiting = add_together.apply_async((1, 2), countdown=60)
    with pytest.raises(TransitionError, match=r"is scheduled: only a finished task is forgotten"):
        waiting.forget()
    project.work()
    running = stand.delay(str(tmp_path / "gate"))
    eventually(lambda: project.engine.get(running.id).status is Status.RUNNING)
    with pytest.raises(TransitionError, match="is running: only a finished task"):
        running.forget()
    (tmp_path / "gate").touch()
    assert running.get(30) == "through"
    assert running.exists()
    running.forget()
    assert not running.exists()
    assert (running.state, running.info) == ("PENDING", {})
    running.forget()  # nothing is left to forget


def test_send_task_needs_only_the_name(project: Project) -> None:
    project.work()
    sent = project.celery.send_task("tests.apps.celery_words.add_together", args=[2, 3])
    assert sent.get(30) == 5
    elsewhere = project.celery.send_task("elsewhere.task", [1], countdown=5, queue="far")
    row = project.engine.get(elsewhere.id)
    assert (row.name, row.queue, row.status) == ("elsewhere.task", "far", Status.SCHEDULED)
    plain = project.engine.get(project.celery.send_task("elsewhere.task").id)
    assert plain.queue == "celery"  # task_default_queue


def test_a_signature_is_a_call_for_later(project: Project) -> None:
    project.work()
    assert add_together.s(1, 2).delay().get(30) == 3
    assert add_together.s(1, 2).set(queue="celery").apply_async().get(30) == 3
    assert add_together.si(1, 2).delay(9, 9).get(30) == 3
    assert add_together.signature((1,), {"b": 4}, countdown=0)() == 5
    group = project.celery.queue.submit_many(add_together.s(n, n) for n in range(3))
    assert [result.get(30) for result in group] == [0, 2, 4]


def test_a_time_without_a_zone_is_one_of_the_configured_zone(project: Project) -> None:
    row = project.engine.get(add_together.apply_async((1, 2), eta=datetime(2999, 1, 1, 12)).id)
    assert row.run_at == datetime(2999, 1, 1, 11, tzinfo=UTC)


def test_what_beat_fired_the_workers_fire(project: Project) -> None:
    project.work()
    schedules = {s.name: s for s in project.celery.queue.schedules() if s.source == "code"}
    rules = {name: (s.rule, s.timezone, s.args) for name, s in schedules.items()}
    assert rules == {
        "every-hour": ("every 3600 s", "UTC", '{"args": [16, 16]}'),
        "mondays": ("30 7 * * 1", "Europe/Paris", '{"kwargs": {"a": 1, "b": 2}}'),
        "add every 10": ("every 10 s", "UTC", '{"args": [1, 2]}'),
        "tests.apps.celery_words.add_together(3, 4)": (
            "*/15 * * * *",
            "Europe/Paris",
            '{"args": [3, 4]}',
        ),
    }
    assert AsyncResult(project.celery.queue.run_schedule("every-hour").id).get(30) == 32


def test_a_task_called_like_a_function_runs_here(project: Project) -> None:
    assert add_together(1, 2) == 3
    with pytest.raises(LookupError, match="no luck at 0"):
        flaky(1)


def test_the_past_is_now(project: Project) -> None:
    project.work()
    long_ago = datetime.now(UTC) - timedelta(days=40_000)
    assert add_together.apply_async((1, 2), eta=long_ago).get(30) == 3
